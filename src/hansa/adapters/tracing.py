"""Spans to OpenTelemetry, when the operator asks for them: an `OTEL_…` variable says where to, the extra `otel` how.

Off otherwise, and then nothing of OpenTelemetry is imported. Attributes are ids, kinds, codes and counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from hansa import __version__
from hansa.kernel.errors import Refused, UsageError
from hansa.node.spans import NO_SPANS, Spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

ASKED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def recorder(environment: Mapping[str, str] | None = None) -> Spans:
    """Returns what the environment asks for: spans sent by OTLP over HTTP, or none.

    Raises:
        UsageError: they are asked for, and the extra is not installed.
    """
    given = os.environ if environment is None else environment
    off = given.get("OTEL_SDK_DISABLED", "").lower() == "true" or given.get("OTEL_TRACES_EXPORTER") == "none"
    if off or not any(given.get(name) for name in ASKED_BY):
        return NO_SPANS
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        asked = next(name for name in ASKED_BY if given.get(name))
        raise UsageError(f"{asked} is set: pip install 'hansa[otel]', or unset it") from None
    return OtelSpans(OTLPSpanExporter())


class OtelSpans:
    """Implements `node.spans.Spans` with OpenTelemetry's SDK; batches, and drops rather than waits."""

    def __init__(self, exporter: SpanExporter, at_once: bool = False) -> None:
        """Sends to `exporter`.

        Args:
            at_once: each span as it ends, for tests; otherwise in batches from a thread.
        """
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        told = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "hansa"), "service.version": __version__}
        self._provider = TracerProvider(resource=Resource.create(told))
        self._provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
        self._tracer: Tracer = self._provider.get_tracer("hansa", __version__)

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Returns a block whose time is recorded."""
        return self._span(name, attributes)

    @contextmanager
    def _span(self, name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        from opentelemetry.trace import StatusCode

        made = {f"hansa.{key}": value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(
            f"hansa.{name}", attributes=made, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Refused as refusal:  # an answer, no fault: its code, never its detail, which quotes the sender
                span.set_attribute("hansa.reason", refusal.reason.code)
                raise
            except BaseException as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    def close(self) -> None:
        """Sends what waits, for a bounded time."""
        self._provider.shutdown()
