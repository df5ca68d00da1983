"""Adapters of Google's services: Gemini and Vertex AI."""
