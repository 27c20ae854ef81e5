"""Makes the OpenTelemetry protobuf definitions importable, from PyPI.

    import otlp_proto
    otlp_proto.enter(venv_folder)   # returns when opentelemetry.proto can be imported

enter() makes a virtual environment in the folder when there is none, installs the package into it,
and runs the calling script again with that interpreter. It says in words what failed and ends the
script with 3 when pip or the network is missing: a check that cannot run must not look passed.
"""

import fcntl
import os
import pathlib
import subprocess
import sys

PACKAGE = "opentelemetry-proto>=1.20,<2"


def enter(venv_folder):
    try:
        import opentelemetry.proto.collector.trace.v1.trace_service_pb2  # noqa: F401

        return
    except ImportError:
        pass
    if os.environ.get("HIGHWATER_OTLP_VENV"):
        _give_up("the virtual environment lacks opentelemetry-proto", venv_folder)
    python = _ensure(pathlib.Path(venv_folder).resolve())
    environment = dict(os.environ, HIGHWATER_OTLP_VENV="1")
    os.execve(python, [str(python), *sys.argv], environment)


def _ensure(folder):
    """Makes the environment once, although several scripts may ask at the same time."""
    python = folder / "bin" / "python3"
    done = folder / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == PACKAGE:
            return python
        _run([sys.executable, "-m", "venv", str(folder)], "make a virtual environment", folder)
        _run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE],
            "install " + PACKAGE + " from PyPI",
            folder,
        )
        done.write_text(PACKAGE)
    return python


def _run(command, what, folder):
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=110)
    except (OSError, subprocess.TimeoutExpired) as error:
        _give_up(f"cannot {what}: {error}", folder)
    if result.returncode != 0:
        _give_up(f"cannot {what}:\n{result.stdout}{result.stderr}", folder)


def _give_up(why, folder):
    print(
        f"{pathlib.Path(sys.argv[0]).name}: {why}\n"
        f"It needs Python's venv and pip (Debian: python3-venv) and access to PyPI, once, for {folder}.",
        file=sys.stderr,
    )
    sys.exit(3)


def spans_of(body):
    """The spans of an ExportTraceServiceRequest as plain dictionaries."""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    from opentelemetry.proto.trace.v1 import trace_pb2

    request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    spans = []
    for resource_spans in request.resource_spans:
        resource = _attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                spans.append(
                    {
                        "resource": resource,
                        "scope": scope_spans.scope.name,
                        "trace_id": span.trace_id.hex(),
                        "span_id": span.span_id.hex(),
                        "parent_span_id": span.parent_span_id.hex(),
                        "name": span.name,
                        "kind": trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
                        "start_ns": span.start_time_unix_nano,
                        "end_ns": span.end_time_unix_nano,
                        "attributes": _attributes(span.attributes),
                        "links": [
                            {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()}
                            for link in span.links
                        ],
                        "status": trace_pb2.Status.StatusCode.Name(span.status.code)
                        .removeprefix("STATUS_CODE_")
                        .lower(),
                        "message": span.status.message,
                    }
                )
    return spans


def _attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
