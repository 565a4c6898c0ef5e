# syntax=docker/dockerfile:1
# Inference. Two targets: cpu (the default) and cuda.
#   docker build -f docker/adapter.Dockerfile -t nightjar/adapter .
#   docker build -f docker/adapter.Dockerfile --target cuda -t nightjar/adapter-cuda .

FROM node:24-bookworm-slim AS build
WORKDIR /src
# Up to the client these lines are the same in every Dockerfile here: one cached layer serves all of them.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY --parents package.json package-lock.json .npmrc apps/*/package.json libs/*/package.json ./
# No package needs its install script for what is built or run here.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .
RUN node tools/generate-prisma-client.mjs
RUN npx tsc -b apps/adapter
RUN node docker/assemble-image.mjs adapter /image

# ONNX Runtime's CUDA provider is too large for npm: its own script fetches it from NuGet, here and nowhere else. x86-64 only.
FROM build AS build-cuda
RUN cd /image/node_modules/onnxruntime-node && ONNXRUNTIME_NODE_INSTALL=cuda12 node script/install.js

# The provider needs CUDA 12 and cuDNN 9 beside it; the node brings the driver alone.
FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 AS cuda
COPY --from=build /usr/local/bin/node /usr/local/bin/node
ENV NODE_ENV=production ADAPTER_HOST=0.0.0.0 REQUIRE_AUTH=true NIGHTJAR_DATA_DIR=/data
WORKDIR /app
COPY --from=build-cuda /image ./
# A release of ONNX Runtime that is built for another CUDA is to fail here and not on the node, which brings libcuda.so.1.
RUN provider=$(find node_modules/onnxruntime-node/bin -name libonnxruntime_providers_cuda.so) && [ -n "$provider" ] && \
    missing=$(ldd "$provider" | grep 'not found' | grep -v libcuda.so.1 || true) && { [ -z "$missing" ] || { echo "$missing"; exit 1; }; }
COPY docker/check-live.mjs ./
RUN install -d -o 1000 -g 1000 /data /data/models /data/model-cache
USER 1000:1000
EXPOSE 9100
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "check-live.mjs", "9100"]
CMD ["node", "apps/adapter/dist/main.js"]

FROM node:24-bookworm-slim AS cpu
# REQUIRE_AUTH: an adapter that others can reach does not start without API_KEY.
ENV NODE_ENV=production ADAPTER_HOST=0.0.0.0 REQUIRE_AUTH=true NIGHTJAR_DATA_DIR=/data
WORKDIR /app
COPY --from=build /image ./
COPY docker/check-live.mjs ./
# No /data/frames: where that directory is missing, frames are asked for over the bus.
RUN install -d -o node -g node /data /data/models /data/model-cache
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 9100
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "check-live.mjs", "9100"]
# node itself is process 1: it handles SIGTERM and waits for its children.
CMD ["node", "apps/adapter/dist/main.js"]
