# syntax=docker/dockerfile:1
# The job API; also the migrations of the whole system (node apps/launcher/dist/migrate.main.js).
#   docker build -f docker/gateway.Dockerfile -t nightjar/gateway .

FROM node:24-bookworm-slim AS build
WORKDIR /src
# Up to the client these lines are the same in every Dockerfile here: one cached layer serves all of them.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY --parents package.json package-lock.json .npmrc apps/*/package.json libs/*/package.json ./
# No package needs its install script for what is built or run here.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .
RUN node tools/generate-prisma-client.mjs
RUN npx tsc -b apps/gateway apps/launcher
RUN node docker/assemble-image.mjs gateway /image launcher

FROM node:24-bookworm-slim
ENV NODE_ENV=production GATEWAY_HOST=0.0.0.0 NIGHTJAR_DATA_DIR=/data
WORKDIR /app
COPY --from=build /image ./
COPY docker/check-live.mjs ./
RUN install -d -o node -g node /data /data/media /data/cache
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "check-live.mjs", "8080"]
# node itself is process 1: it handles SIGTERM and waits for its children.
CMD ["node", "apps/gateway/dist/main.js"]
