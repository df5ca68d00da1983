"""The offline renderer: a real animatic from the same request that a paid model gets."""
