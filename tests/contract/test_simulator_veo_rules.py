"""Whatever a client sends, the Veo rules have an answer and never fall over."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.simulator.validation import gemini, vertex
from storyboard.simulator.validation.veo_models import GEMINI, VERTEX
from storyboard.simulator.validation.veo_request import (
    ADDED_S,
    ClipFacts,
    find_size,
    read_veo_request,
)

_SCALARS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=4)
)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda each: (
        st.lists(each, max_size=2) | st.dictionaries(st.text(max_size=3), each, max_size=2)
    ),
)
_MEDIA = _ANYTHING | st.fixed_dictionaries(
    {},
    optional={
        "bytesBase64Encoded": _SCALARS | st.just("AAAA"),
        "gcsUri": _SCALARS | st.just("gs://b/o"),
        "uri": _SCALARS | st.just("https://x/files/abc"),
        "encodedVideo": _SCALARS,
        "mimeType": _SCALARS | st.sampled_from(["image/png", "video/mp4"]),
    },
)
_INSTANCE = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.text(max_size=4) | _ANYTHING,
        "image": _MEDIA,
        "lastFrame": _MEDIA,
        "video": _MEDIA,
        "referenceImages": _ANYTHING
        | st.lists(
            st.fixed_dictionaries({"image": _MEDIA, "referenceType": _ANYTHING}), max_size=4
        ),
    },
)
_NAMES = (
    "sampleCount numberOfVideos durationSeconds aspectRatio resolution personGeneration seed fps "
    "negativePrompt enhancePrompt generateAudio storageUri compressionQuality resizeMode"
).split()
_USUAL = st.sampled_from([4, 6, 7, 8, "720p", "4k", "9:16", "gs://b", "LOSSLESS", "PAD", True])
_BODY = st.fixed_dictionaries(
    {"instances": st.lists(_INSTANCE, min_size=1, max_size=1)},
    optional={"parameters": st.dictionaries(st.sampled_from(_NAMES), _USUAL | _ANYTHING)},
)
_CLIPS = st.none() | st.builds(
    ClipFacts,
    st.sampled_from([1280, 1920, 720]),
    st.sampled_from([720, 1080, 1280]),
    st.integers(2, 4000),
    st.sampled_from([0.0, 24.0, 30.0]),
)


@settings(max_examples=60)
@given(_BODY, _CLIPS, st.sampled_from(list(VERTEX.values())))
def test_vertex_has_an_answer(body: dict[str, Any], clip: ClipFacts | None, model: Any) -> None:
    ask = read_veo_request(body)
    if ask is None:
        return
    wrong = vertex.find_job_failure(model, ask, clip)
    assert wrong is None or wrong
    if wrong is None:
        parameters = ask.parameters
        assert vertex.read_new_seconds(ask) in (*model.durations, ADDED_S)
        assert find_size(
            parameters.get("resolution", "720p"), parameters.get("aspectRatio", "16:9")
        )
        assert int(parameters.get("sampleCount", 1)) in range(1, 5)


@settings(max_examples=60)
@given(_BODY, _CLIPS, st.sampled_from(list(GEMINI.values())))
def test_gemini_has_an_answer(body: dict[str, Any], clip: ClipFacts | None, model: Any) -> None:
    ask = read_veo_request(body)
    if ask is None:
        return
    refused = gemini.reject_unsupported_request(model, body, ask)
    if refused is None:
        parameters = ask.parameters
        assert int(parameters.get("durationSeconds", 8)) in model.durations
        assert find_size(
            parameters.get("resolution", "720p"), parameters.get("aspectRatio", "16:9")
        )
        gemini.reject_unsupported_source(ask, clip, is_made_by_veo=True, is_active=True, hops=0)
