"""Google's own client takes the simulator for Vertex AI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyboard.simulator.server import LOCATION, PROJECT, Simulator
from storyboard.stitching.media.ffmpeg import probe
from tests.contract.veo_asks import VERTEX, draw_picture

genai: Any = pytest.importorskip("google.genai")
types: Any = pytest.importorskip("google.genai.types")


@pytest.fixture
def client(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    with genai.Client(
        vertexai=True,
        project=PROJECT,
        location=LOCATION,
        http_options=types.HttpOptions(base_url=simulator.url),
    ) as sdk_client:
        yield sdk_client


def generate_video(client: Any, source: dict[str, Any], **config: Any) -> Any:
    """The operation, done."""
    operation = client.models.generate_videos(
        model=VERTEX,
        source=types.GenerateVideosSource(**source),
        config=types.GenerateVideosConfig(**config),
    )
    while not operation.done:
        operation = client.operations.get(operation)
    return operation


def test_a_clip_comes_as_bytes(client: Any, tmp_path: Path) -> None:
    done = generate_video(client, {"prompt": "a ferry"}, duration_seconds=4, seed=1)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(done.result.generated_videos[0].video.video_bytes)
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.has_audio) == (1280, 720, 96, True)


def test_a_clip_in_a_bucket_is_extended_by_seven_seconds(
    client: Any, simulator: Simulator, tmp_path: Path
) -> None:
    first = generate_video(
        client, {"prompt": "a ferry"}, duration_seconds=4, seed=1, output_gcs_uri="gs://b/film/"
    )
    uri = first.result.generated_videos[0].video.uri
    longer = generate_video(
        client,
        {"prompt": "on", "video": types.Video(uri=uri, mime_type="video/mp4")},
        duration_seconds=7,
        output_gcs_uri="gs://b/film",
    )
    stored = simulator.world.find_object(longer.result.generated_videos[0].video.uri)
    assert stored is not None
    assert probe(stored.path).frames == (4 + 7) * 24
    assert [float(each.usd) for each in simulator.world.bill.charges] == [1.6, 2.8]


def test_a_picture_starts_a_clip(client: Any) -> None:
    shown = types.Image(image_bytes=draw_picture(), mime_type="image/png")
    done = generate_video(client, {"prompt": "push in", "image": shown}, duration_seconds=4)
    assert done.error is None


def test_a_filtered_clip_is_no_error(client: Any, simulator: Simulator) -> None:
    simulator.world.faults.add("filtered=58061214@ferry")
    done = generate_video(client, {"prompt": "a ferry"})
    assert done.error is None
    assert done.result.generated_videos is None
    assert done.result.rai_media_filtered_count == 1
    assert "Support codes: 58061214" in done.result.rai_media_filtered_reasons[0]


def test_the_operation_reports_a_wrong_length(client: Any) -> None:
    assert generate_video(client, {"prompt": "a ferry"}, duration_seconds=5).error == {
        "code": 3,
        "message": "Unsupported output video duration 5 seconds, supported durations are [8,4,6] "
        "for feature text_to_video.",
    }


def test_an_api_key_is_enough(simulator: Simulator) -> None:
    with genai.Client(
        vertexai=True,
        api_key=simulator.world.keys["vertex"],
        http_options=types.HttpOptions(base_url=simulator.url),
    ) as client:
        done = generate_video(client, {"prompt": "a ferry"}, duration_seconds=4, seed=1)
    assert done.name.startswith(f"publishers/google/models/{VERTEX}/operations/")
    assert done.result.generated_videos[0].video.video_bytes
    assert {tuple(each.auth) for each in simulator.world.journal} == {("x-goog-api-key",)}


def test_a_retired_model_is_not_found(client: Any) -> None:
    from google.genai.errors import ClientError

    with pytest.raises(ClientError, match="was not found or your project does not have access"):
        client.models.generate_videos(
            model="veo-3.1-generate-preview", source=types.GenerateVideosSource(prompt="a ferry")
        )
