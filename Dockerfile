# heartbeat-exporter and heartbeat, statically linked with the Swift runtime, on a small Debian.
#   docker build -t heartbeat-exporter .
# docker-compose.yml and docs/deploying.md say how the host's processes and the heartbeat file get in.
FROM swift:6.3.1-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcrypt-dev libssl-dev libyaml-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
# The package names its test targets, so their folders must be there.
COPY Tests Tests
ARG REVISION=unknown
RUN for product in heartbeat-exporter heartbeat; do \
        swift build --configuration release --static-swift-stdlib -Xlinker --strip-debug \
            -Xcc "-DHEARTBEAT_REVISION=\"$REVISION\"" --product $product || exit 1; \
    done \
    && mkdir /out \
    && cp .build/release/heartbeat-exporter .build/release/heartbeat /out/

FROM debian:12.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcrypt1 libssl3 libstdc++6 libyaml-0-2 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 65532 heartbeat \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir / --shell /usr/sbin/nologin heartbeat \
    && install -d -m 1777 /run/heartbeat.d
COPY --from=build /out/ /usr/bin/
USER 65532:65532
ENV HEARTBEAT_FILE=/run/heartbeat.d
# Each program writes a file of its own into this folder.
VOLUME /run/heartbeat.d
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=5s CMD ["/usr/bin/heartbeat-exporter", "--health-check"]
ENTRYPOINT ["/usr/bin/heartbeat-exporter"]
LABEL org.opencontainers.image.title="heartbeat-exporter" \
      org.opencontainers.image.description="Heartbeats of processes as metrics for Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0"
