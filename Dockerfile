# syntax=docker/dockerfile:1
#
# docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t REGISTRY/sagemaker-operator:VERSION .
# docker buildx build --platform linux/amd64,linux/arm64 …   builds both from either: Deno compiles for other platforms.
#
# No image could be built where this was written: there is no Docker engine and no base image can be had. What was tried
# instead is in tests/e2e: the compiled binary runs as user 65532 in a root folder that holds the libraries it is linked with,
# /etc/passwd, the certificates of authorities and /proc, which is less than the base image below has. It was linked with
# Deno 2.4's runtime there, and here is with that of the Deno that builds. The arm64 build was not tried at all.
#
# Base images are pinned by tag; their digests could not be looked up.

FROM --platform=$BUILDPLATFORM denoland/deno:2.9.6 AS build
WORKDIR /src
COPY deno.json deno.lock main.ts ./
COPY crds crds
COPY src src
COPY tools tools
ARG TARGETARCH
ARG COMMIT
RUN case "$TARGETARCH" in \
      amd64) target=x86_64-unknown-linux-gnu ;; \
      arm64) target=aarch64-unknown-linux-gnu ;; \
      *) echo "Cannot build for '$TARGETARCH': it must be amd64 or arm64" >&2; exit 1 ;; \
    esac && \
    SAGEMAKER_OPERATOR_COMMIT="$COMMIT" deno task compile --target "$target"

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="sagemaker-operator" \
      org.opencontainers.image.description="Runs Amazon SageMaker processing jobs from Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
ARG COMMIT
LABEL org.opencontainers.image.revision="$COMMIT"
COPY LICENSE NOTICE /
COPY --from=build /src/dist/sagemaker-operator /sagemaker-operator
# A number, so that Kubernetes can tell that it isn't root.
USER 65532:65532
ENV HOME=/home/nonroot
EXPOSE 8081
ENTRYPOINT ["/sagemaker-operator"]
CMD ["run"]
