"""The language of "which events, which value", with one meaning in two engines (SEMANTICS.md)."""
