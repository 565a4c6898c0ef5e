# syntax=docker/dockerfile:1
# The NVR: its API with the dashboard (apps/nvr/dist/main.js) and its recorder (apps/nvr/dist/recorder.main.js).
#   docker build -f docker/nvr.Dockerfile -t nightjar/nvr .

FROM node:24-bookworm-slim AS build
WORKDIR /src
# Up to the client these lines are the same in every Dockerfile here: one cached layer serves all of them.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY --parents package.json package-lock.json .npmrc apps/*/package.json libs/*/package.json ./
# No package needs its install script for what is built or run here.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .
RUN node tools/generate-prisma-client.mjs
RUN npx tsc -b apps/nvr apps/dashboard && npx vite build apps/dashboard --logLevel warn
RUN node docker/assemble-image.mjs nvr /image dashboard

FROM node:24-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production NVR_HOST=0.0.0.0 NIGHTJAR_DATA_DIR=/data
WORKDIR /app
COPY --from=build /image ./
COPY docker/check-live.mjs ./
RUN install -d -o node -g node /data /data/recordings /data/frames /data/evidence /data/exports /data/thumbnails
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 8000 8001
# The recorder runs with another command and is asked on port 8001.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "check-live.mjs", "8000"]
# node itself is process 1: it handles SIGTERM and waits for its children.
CMD ["node", "apps/nvr/dist/main.js"]
