"""What Google's services read from the environment, and what their keys look like."""

from __future__ import annotations

GEMINI_KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
"""Where the key of the Gemini API is looked for, in this order."""

GEMINI_BASE_URL_VARIABLE = "STORYBOARD_GEMINI_BASE_URL"

VERTEX_KEY_VARIABLE = "VERTEX_API_KEY"
CREDENTIALS_FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
GCLOUD_CREDENTIALS_FILE = "~/.config/gcloud/application_default_credentials.json"
"""Where `gcloud auth application-default login` leaves them."""

VERTEX_BASE_URL_VARIABLE = "STORYBOARD_VERTEX_BASE_URL"
GCS_BASE_URL_VARIABLE = "STORYBOARD_GCS_BASE_URL"

API_KEY_PATTERN = r"AIza[\w-]{10,}"
ACCESS_TOKEN_PATTERN = r"ya29\.(?<!\wya29\.)[\w.-]{10,}"
