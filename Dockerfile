# The services, from the lock file, as a user without rights. Servers come from compose.yaml.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/hocba \
 && /opt/hocba/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY signing signing
COPY ledger ledger
COPY projections projections
COPY transfer transfer
COPY services services
RUN /opt/hocba/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --create-home --home-dir /var/lib/hocba --uid 10001 hocba
COPY --from=build /opt/hocba /opt/hocba
COPY deploy/service-start.sh /usr/local/bin/hocba-service
ENV PATH=/opt/hocba/bin:$PATH HOCBA_HOME=/var/lib/hocba/home PYTHONUNBUFFERED=1
USER hocba
VOLUME /var/lib/hocba
ENTRYPOINT ["hocba-service"]
CMD ["hocba", "transfer-agent"]
