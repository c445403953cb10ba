"""Generates parts of deploy/k8s: CronJobs, NATS's permissions, Prometheus's rules. Without --write: lists stale ones.

python tools/k8s_generated.py [--write]
"""

import sys
import textwrap
from pathlib import Path
from typing import Final

from oslira_scheduler.domain.cron_job import late_schedule
from oslira_shared.bus import server_config
from oslira_shared.contracts.jobs import JOBS, Job

ROOT: Final = Path(__file__).resolve().parents[1]
_HEAD: Final = """\
# Made by `make k8s` from oslira_shared/contracts/jobs.py; never edited by hand.
# The scheduler's daemon is first; these publish the same ticks ten minutes later, for the same slots, and owners act once.
"""
# The slot comes from the Job's scheduled time. Kubernetes has it in an annotation of the Job, which a pod without a token
# can't read; but the Job's name, which ends in the same time, is a label of the pod.
_CRON_JOB: Final = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
  labels: {{ app.kubernetes.io/name: tick }}
spec:
  schedule: "{schedule}"
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  # Before the next slot of the most frequent job.
  startingDeadlineSeconds: 2400
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 3
      activeDeadlineSeconds: 300
      ttlSecondsAfterFinished: 172800
      template:
        metadata:
          labels:
            app.kubernetes.io/name: tick
            app.kubernetes.io/part-of: oslira
            oslira.app/bus: client
        spec:
          restartPolicy: Never
          serviceAccountName: scheduler
          automountServiceAccountToken: false
          enableServiceLinks: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 10001
            runAsGroup: 10001
            seccompProfile: {{ type: RuntimeDefault }}
          containers:
            - name: tick
              image: oslira/scheduler
              imagePullPolicy: IfNotPresent
              args: [oslira_scheduler.tick, {name}]
              envFrom:
                - configMapRef: {{ name: oslira }}
              env:
                - name: OSLIRA_CRON_SCHEDULED_AT
                  valueFrom: {{ fieldRef: {{ fieldPath: "metadata.annotations['batch.kubernetes.io/cronjob-scheduled-timestamp']" }} }}
                - name: OSLIRA_CRON_JOB_NAME
                  valueFrom: {{ fieldRef: {{ fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" }} }}
                - name: NATS_NKEY_SEED
                  valueFrom: {{ secretKeyRef: {{ name: scheduler, key: NATS_NKEY_SEED }} }}
              resources:
                requests: {{ cpu: 50m, memory: 64Mi }}
                limits: {{ cpu: "1", memory: 128Mi }}
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {{ drop: [ALL] }}
              volumeMounts:
                - {{ name: tmp, mountPath: /tmp }}
                - {{ name: nats-ca, mountPath: /etc/oslira/nats, readOnly: true }}
          volumes:
            - {{ name: tmp, emptyDir: {{ sizeLimit: 16Mi }} }}
            - {{ name: nats-ca, configMap: {{ name: nats-ca }} }}
"""
_RULES: Final = ("recording", "alerts", "infrastructure")
_RULES_HEAD: Final = """\
# Made by `make k8s` from deploy/observability/prometheus; never edited by hand.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: oslira }
spec:
  groups:
"""


def cron_job(job: Job) -> str:
    """The manifest of one job's CronJob."""
    return _CRON_JOB.format(name=job.name, schedule=late_schedule(job.cron))


def _prometheus_rules() -> str:
    """The rule files as one object for the Prometheus operator. Their text is kept, with its comments."""
    groups = "".join(
        (ROOT / "deploy/observability/prometheus" / f"{name}.yml").read_text().partition("groups:\n")[2]
        for name in _RULES
    )
    return _RULES_HEAD + textwrap.indent(groups, "  ")


def files() -> dict[Path, str]:
    """Every generated file and its content."""
    folder = ROOT / "deploy" / "k8s"
    return {
        folder / "base" / "run" / "cron-jobs.yaml": _HEAD + "---\n".join(map(cron_job, JOBS)),
        folder / "monitoring" / "rules.yaml": _prometheus_rules(),
        folder / "nats" / "accounts.yaml": server_config.as_helm_values(server_config.by_nkeys({})),
    }


def main() -> int:
    """The exit status: 1 for stale files."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--write" in sys.argv[1:]:
            path.write_text(files()[path])
        print(f"{path.relative_to(ROOT)} {'written' if '--write' in sys.argv[1:] else 'is stale: make k8s'}")
    return int(bool(stale) and "--write" not in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
