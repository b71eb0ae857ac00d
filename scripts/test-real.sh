#!/usr/bin/env bash
# Runs the end-to-end and contract suites on a real control plane, or says why not.
# TIPHYS_REQUIRE_REAL=1 makes a missing control plane a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
# Without it the session with the older kubectl says why it is skipped.
kubectl=$(scripts/build-kubectl.sh 2>&1) || echo "kubectl was not built: ${kubectl##*$'\n'}"
if [ -n "${TIPHYS_TEST_KUBECONFIG:-}" ]; then
    exec .venv/bin/pytest -q tests/e2e tests/contract "$@"
fi
if ! reason=$(timeout 1500 scripts/build-control-plane.sh 2>&1); then
    echo "SKIPPED: the real control plane is not there: ${reason##*$'\n'}"
    [ "${TIPHYS_REQUIRE_REAL:-}" != 1 ]
    exit
fi
# half NAME ARGUMENTS: run a part on a control plane of its own.
half() {
    local name=$1
    shift
    on_real() {
        .venv/bin/python -m tests.real.harness -- \
            .venv/bin/pytest -q -rf -o "cache_dir=.pytest_cache/real-$name" "$@"
    }
    on_real "$@" || {
        # All tests shared one cluster; on a new one, what failed has to pass.
        echo "ONCE MORE, on a new control plane: what failed above"
        on_real --last-failed --last-failed-no-failures none "$@"
    }
}
# Tests wait a lot, so the halves run side by side. Renders ask no cluster, so once is enough.
log=$(mktemp)
half contract tests/contract "$@" >"$log" 2>&1 &
contract=$!
half e2e --ignore tests/e2e/renders tests/e2e "$@" || failed=1
wait "$contract" || failed=1
cat "$log"
scripts/test-node.sh || failed=1
[ -z "${failed:-}" ]
