# Bootstrap, icons and ECharts: fetched by their hashes, nothing is built
FROM node:20-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /app zhibu \
 && install -d -o zhibu -g zhibu -m 0700 /data
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY --from=modules /app/node_modules/bootstrap/dist node_modules/bootstrap/dist
COPY --from=modules /app/node_modules/bootstrap-icons/font node_modules/bootstrap-icons/font
COPY --from=modules /app/node_modules/echarts/dist/echarts.min.js node_modules/echarts/dist/echarts.min.js
COPY . .
USER zhibu
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--timeout", "120", "--access-logfile", "-", "--access-logformat", "%(t)s %(h)s %(m)s %(s)s %(b)s %(L)ss"]
