"""The gate: what may be said, shown, or given to a model."""

from libs.safety.ingest import clean_chat

__all__ = ["clean_chat"]
