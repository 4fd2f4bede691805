# docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t REGISTRY/sagemaker-operator:VERSION .
# docker buildx build --platform linux/amd64,linux/arm64 …   builds both from either: Deno compiles for other platforms.
#
# Both digests are of the indices of all platforms. What was never tried of this is in docs/untried.md.

FROM --platform=$BUILDPLATFORM denoland/deno:2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d AS build
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

FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
LABEL org.opencontainers.image.title="sagemaker-operator" \
      org.opencontainers.image.description="Runs Amazon SageMaker processing jobs from Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
ARG COMMIT
LABEL org.opencontainers.image.revision="$COMMIT"
COPY LICENSE NOTICE THIRD_PARTY_NOTICES.txt /
COPY --from=build /src/dist/sagemaker-operator /sagemaker-operator
# A number, so that Kubernetes can tell that it isn't root.
USER 65532:65532
ENV HOME=/home/nonroot
EXPOSE 8081
ENTRYPOINT ["/sagemaker-operator"]
CMD ["run"]
