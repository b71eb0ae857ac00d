#!/usr/bin/env bash
# Starts (up) or stops (down) a Prometheus beside the demo, with the alerts of deploy/monitoring.
set -euo pipefail
cd "$(dirname "$0")/.."
home=${TIPHYS_HOME:-.tiphys}
pid_file=$home/prometheus.pid
port=${TIPHYS_PROMETHEUS_PORT:-9090}

running() {  # a pid alone may be another program's after a restart of the machine
    local pid
    pid=$(cat "$pid_file" 2>/dev/null) && [ -n "$pid" ] &&
        tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "--storage.tsdb.path=$home/prometheus"
}

case ${1:-up} in
down)
    if running; then
        kill "$(cat "$pid_file")"
        for _ in $(seq 100); do running || break; sleep 0.1; done
        echo "stopped Prometheus"
    fi
    rm -f "$pid_file"
    ;;
up)
    if ! command -v prometheus >/dev/null; then
        printf 'tiphys: Prometheus is not installed\n\nhint: apt-get install prometheus, or put the binary of prometheus.io/download on the PATH; then make monitoring\n' >&2
        exit 1
    fi
    if ! running; then
        mkdir -p "$home/prometheus" "$home/logs"
        setsid prometheus --config.file=deploy/monitoring/prometheus.yml \
            --storage.tsdb.path="$home/prometheus" --storage.tsdb.retention.size=512MB \
            --web.listen-address="127.0.0.1:$port" >>"$home/logs/prometheus.log" 2>&1 </dev/null &
        echo $! >"$pid_file"
        for _ in $(seq 100); do
            grep -q . <(curl -sf "http://127.0.0.1:$port/-/ready" || true) && break
            running || { echo "tiphys: Prometheus did not start; see $home/logs/prometheus.log" >&2; exit 1; }
            sleep 0.1
        done
    fi
    echo "Prometheus  http://127.0.0.1:$port/alerts"
    echo "dashboards  deploy/monitoring/grafana (docs/reference/monitoring.md)"
    ;;
*)
    echo "usage: scripts/monitoring.sh up|down" >&2
    exit 2
    ;;
esac
