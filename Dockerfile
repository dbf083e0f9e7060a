# The service as an image: locked dependencies and RCU's wheel in a virtual environment, run by a user without rights.
# The database is migrated by a command of its own (`rcu db upgrade`, see compose.yaml), never on start.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements-build.lock requirements-runtime.lock ./
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r requirements-build.lock \
 && python -m venv /opt/rcu \
 && /opt/rcu/bin/pip install --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY migrations migrations
COPY rcu rcu
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/rcu/bin/pip install --no-deps --no-index /dist/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="RCU" \
      org.opencontainers.image.description="Référentiel Client Unique: one golden record per customer" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --create-home --home-dir /var/lib/rcu --shell /usr/sbin/nologin rcu
COPY --from=build /opt/rcu /opt/rcu
COPY LICENSE NOTICE /usr/share/doc/rcu/
ENV PATH=/opt/rcu/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RCU_HOST=0.0.0.0 \
    RCU_PORT=8000
WORKDIR /var/lib/rcu
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['RCU_PORT'] + '/health/ready', timeout=4)"]
CMD ["rcu", "serve"]
