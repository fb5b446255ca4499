# syntax=docker/dockerfile:1

# Builds the programs: Swift's runtime inside, libpq outside.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/build/.build,sharing=locked \
    swift build -c release --static-swift-stdlib --product durable \
    && swift build -c release --static-swift-stdlib --product example-web-app \
    && install -D -s -t /programs .build/release/durable .build/release/example-web-app

# What they need to run.
FROM debian:bookworm-slim AS runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libpq5 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin durable
USER 10001

# docker build --target example-web-app: the web app that docker-compose.yml runs.
FROM runtime AS example-web-app
COPY --from=build /programs/example-web-app /usr/local/bin/
EXPOSE 3000
ENTRYPOINT ["example-web-app"]

# docker build: the service. `docker run durable-execution serve`, `worker`, `migrate` and so on.
FROM runtime AS durable
COPY --from=build /programs/durable /usr/local/bin/
EXPOSE 8080
ENTRYPOINT ["durable"]
CMD ["--help"]
