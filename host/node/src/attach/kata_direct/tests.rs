//! What the runtime is told, as text.
