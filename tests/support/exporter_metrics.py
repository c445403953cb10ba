"""Metrics of others that alerts use, and which program exports each. Names are checked against this list only."""

from collections.abc import Mapping
from typing import Final

EXPORTED_BY: Final[Mapping[str, str]] = {
    "pg_up": "postgres_exporter",
    "pg_stat_activity_count": "postgres_exporter",
    "pg_settings_max_connections": "postgres_exporter",
    "pg_stat_archiver_failed_count": "postgres_exporter",
    "pg_stat_archiver_last_archive_age": "postgres_exporter",
    "nats_varz_connections": "prometheus-nats-exporter, as the chart `nats` runs it",
    "kubelet_volume_stats_available_bytes": "the kubelet",
    "kubelet_volume_stats_capacity_bytes": "the kubelet",
    "certmanager_certificate_expiration_timestamp_seconds": "cert-manager",
}
LABELS: Final = frozenset({"namespace", "persistentvolumeclaim", "name"})
