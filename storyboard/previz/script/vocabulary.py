"""The words that the renderer knows, with their meanings."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_][\w'-]*")


def split_words(text: str) -> list[str]:
    return WORD.findall(text.lower().replace("’", "'"))


def list_possible_stems(word: str) -> tuple[str, ...]:
    """The word and its possible stems: `pans`, `panning`, `panned` give `pan`."""
    forms = [word]
    for ending, instead in (
        ("'s", ""), ("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"),
        ("ed", ""), ("ed", "e"), ("ies", "ie"),
    ):  # fmt: skip
        base = word[: len(word) - len(ending)]
        if not word.endswith(ending) or len(base) < 2:
            continue
        forms.append(base + instead)
        # A doubled consonant: `panning` gives `pan`.
        if ending in ("ing", "ed") and not instead and base[-1] == base[-2]:
            forms.append(base[:-1])
    return tuple(forms)


def _map_words_to_meanings(words_by_meaning: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, line in words_by_meaning.items() for word in line.split()}


SETS = {
    "sea": """sea ocean harbour harbor quay quayside pier jetty dock docks wharf port marina
        beach shore shoreline coast coastline seaside lighthouse sailor boat ship sail ferry
        wave waves surf tide bay cove malecon seawall lagoon fisherman trawler waterfront island
        breakwater promenade lake river riverbank cliff cliffs yacht gull gulls seagull""",
    "forest": """forest wood woods woodland tree trees jungle grove pine pines birch undergrowth
        clearing glade thicket park orchard rainforest fern ferns moss""",
    "city": """city street streets town village square plaza alley alleyway avenue market tram
        tramway streetcar rooftop rooftops bridge pavement sidewalk crossroads downtown skyline
        skyscraper facade shop storefront boulevard cobbles cobbled bazaar stall stalls lane
        corner taxi bus traffic neon station platform gate courtyard fountain cathedral""",
    "room": """room kitchen office bedroom bathroom hallway corridor apartment flat house-interior
        interior inside indoors library bar cafe café restaurant diner pub table desk sofa couch
        bed compartment carriage train-compartment classroom hospital ward studio-flat parlour
        parlor lounge workshop kitchen-table attic basement cellar lobby hotel window stove
        armchair fireplace dining study cabin lamp bookshelf theatre theater church tavern
        laboratory lab garage cell prison counter fridge refrigerator drawer""",
    "open": """desert dune dunes field fields meadow hill hills hillside mountain mountains peak
        peaks valley plain plains prairie steppe moor moors heath farm farmhouse barn wheat grass
        grassland canyon mesa savanna savannah snowfield glacier tundra vineyard countryside road
        highway roadside summit ridge slope alpine horizon sky rural ranch windmill graveyard
        wasteland crater garden""",
    "void": """void studio cyclorama backdrop limbo nowhere blank empty-space abstract
        infinity-cove seamless portrait""",
}
SET_OF = _map_words_to_meanings(SETS)

STRONG_PLACES = frozenset(
    """sea ocean harbour harbor quay quayside pier jetty dock docks wharf port beach shore coast
    lighthouse forest woods woodland jungle city street alley square market kitchen office bedroom
    bathroom apartment library bar cafe café restaurant diner desert dunes field meadow mountain
    mountains studio room compartment rooftop village town lake river hallway corridor valley
    hospital hotel church parlour parlor park promenade malecon waterfront station farm prairie
    canyon""".split()
)
"""Words that name the place itself, not just something in it."""

TIMES = _map_words_to_meanings(
    {
        "dawn": "dawn sunrise daybreak first-light early",
        "day": "day daylight noon midday afternoon morning sunny sunlit sunlight bright midmorning",
        "dusk": "dusk sunset twilight evening golden gloaming sundown magic-hour dusky",
        "night": "night nighttime midnight moonlight moonlit nocturnal starlit stars starry late",
    }
)

WEATHERS = _map_words_to_meanings(
    {
        "rain": "rain rainy raining rains drizzle drizzling downpour shower wet raindrops pouring",
        "storm": "storm stormy thunder thunderstorm lightning tempest squall hurricane gale",
        "snow": "snow snowy snowing snowfall blizzard snowstorm snowflakes flurries",
        "fog": "fog foggy mist misty haze hazy smog fogbank",
        "wind": "wind windy breeze breezy gusty gust gusts blustery windswept",
        "clouds": "cloud clouds cloudy overcast gloomy grey-sky",
        "clear": "clear cloudless",
    }
)

SIZES = {
    "EWS": ["extreme wide", "extreme long", "ews", "els", "xls", "xws", "establishing",
            "very wide", "panoramic", "vista", "aerial"],
    "ECU": ["extreme close", "extreme closeup", "ecu", "xcu", "macro", "big close", "eyes only"],
    "MCU": ["medium close", "mcu", "mid close", "head and shoulders", "bust shot"],
    "MWS": ["medium wide", "mws", "medium long", "mls", "cowboy", "american shot", "knees up",
            "three-quarter shot"],
    "FS": ["full shot", "full figure", "full-length", "full length", "fs", "full"],
    "CU": ["close-up", "close up", "closeup", "cu", "close", "tight on", "tight shot", "detail of"],
    "MS": ["medium", "ms", "mid shot", "mid-shot", "waist up", "waist-up", "two-shot", "two shot",
           "2s", "three-shot"],
    "WS": ["wide", "ws", "long shot", "ls", "master"],
    "INSERT": ["insert", "cutaway", "detail", "tabletop"],
}  # fmt: skip
"""In the order in which they are tried: longer names first."""

ANGLES = {
    "overhead": ["overhead", "top-down", "top down", "bird's-eye", "birds-eye", "bird's eye",
                 "birds eye", "god's eye", "from above", "straight down", "top shot"],
    "high": ["high angle", "high-angle", "high", "looking down", "from a height", "crane shot",
             "elevated", "from the roof", "from the balcony"],
    "low": ["low angle", "low-angle", "low", "looking up", "from below", "worm's-eye",
            "worm's eye", "ground level", "from the ground"],
    "dutch": ["dutch", "canted", "oblique", "tilted frame", "tilted angle"],
}  # fmt: skip

MOODS = {
    "noir": ["noir", "black and white", "black-and-white", "b&w", "monochrome", "bw"],
    "sepia": ["sepia", "vintage", "daguerreotype", "aged photograph", "old photograph"],
    "neon": ["neon", "cyberpunk", "synthwave", "vaporwave"],
    "warm": ["warm", "tungsten", "candlelit", "candlelight", "golden", "amber", "cosy", "cozy",
             "lamplight", "firelight", "nostalgic", "honeyed"],
    "cold": ["cold", "cool", "icy", "blue light", "bleak", "steel", "clinical", "melancholy",
             "lonely", "grim"],
    "dark": ["deep shadow", "low key", "low-key", "chiaroscuro", "dim", "dark", "ominous",
             "menacing", "moody", "tense", "sinister", "shadowy"],
    "pale": ["pastel", "soft light", "high key", "high-key", "dreamy", "airy", "faded",
             "desaturated", "washed", "bleached", "muted"],
    "vivid": ["vivid", "saturated", "vibrant", "technicolor", "technicolour", "colourful",
              "colorful", "joyful", "kodachrome"],
}  # fmt: skip

THINGS = _map_words_to_meanings(
    {
        "boat": "boat rowboat dinghy skiff trawler fishing-boat",
        "sailboat": "sailboat sail yacht schooner sloop",
        "ship": "ship ferry steamer liner freighter vessel steamship",
        "tram": "tram streetcar tramcar trolley",
        "train": "train locomotive railcar",
        "car": "car taxi cab automobile convertible sedan jeep truck van",
        "bus": "bus coach",
        "bicycle": "bicycle bike cycle",
        "gull": "gull gulls seagull seagulls",
        "bird": "bird birds crow crows pigeon pigeons dove doves swallow swallows raven ravens "
        "sparrow sparrows geese flock",
        "dog": "dog hound puppy",
        "cat": "cat kitten",
        "horse": "horse mare stallion pony horses",
        "letter": "letter note postcard telegram envelope document page",
        "book": "book diary notebook journal ledger",
        "newspaper": "newspaper paper gazette",
        "photo": "photo photograph snapshot polaroid picture",
        "stamp": "stamp postmark seal",
        "map": "map chart",
        "lamp": "lamp lantern lightbulb",
        "streetlamp": "streetlamp lamppost streetlight",
        "candle": "candle candles",
        "door": "door doorway",
        "window": "window windows",
        "cup": "cup mug coffee tea teacup glass",
        "bottle": "bottle wine rum whisky whiskey",
        "clock": "clock watch wristwatch alarm-clock",
        "phone": "phone telephone smartphone cellphone receiver",
        "key": "key keys",
        "gun": "gun pistol revolver",
        "flower": "flower flowers rose roses tulip tulips bouquet",
        "tree": "tree oak willow palm",
        "house": "house cottage home farmhouse cabin hut villa",
        "lighthouse": "lighthouse",
        "suitcase": "suitcase suitcases bag luggage briefcase trunk",
        "chair": "chair armchair bench stool",
        "table": "table desk",
        "fire": "fire campfire bonfire flames",
        "hand": "hand hands fingers fist",
        "umbrella": "umbrella parasol",
        "apple": "apple fruit orange peach",
        "moon": "moon",
        "sun": "sun",
        "balloon": "balloon balloons kite",
        "ring": "ring",
        "robot": "robot android",
        "fish": "fish",
        "knife": "knife blade dagger",
        "piano": "piano",
        "box": "box crate parcel package",
        "sign": "sign signpost placard billboard poster",
        "plane": "plane airplane aeroplane aircraft",
        "camera": "camera",
    }
)

OUTDOORS = frozenset(
    """boat sailboat ship tram train car bus tree house lighthouse streetlamp plane moon sun gull
    bird horse""".split()
)
"""Things that don't fit in a room."""

HANDHELD = frozenset(
    """letter book newspaper photo map cup bottle phone key flower suitcase umbrella lamp candle
    apple box ring knife gun stamp camera""".split()
)
"""Things that fit in a hand."""

PEOPLE = {
    "woman": "woman", "women": "woman", "lady": "woman", "girl": "girl", "mother": "woman",
    "wife": "woman", "sister": "woman", "daughter": "girl", "grandmother": "old woman",
    "nurse": "woman nurse", "waitress": "woman", "actress": "woman", "queen": "woman",
    "man": "man", "men": "man", "boy": "boy", "father": "man", "husband": "man",
    "brother": "man", "son": "boy", "grandfather": "old man", "gentleman": "man",
    "sailor": "man sailor navy jumper cap", "fisherman": "man fisherman yellow coat white beard",
    "captain": "man captain navy coat cap beard", "soldier": "man soldier olive coat cap",
    "policeman": "man navy coat cap", "detective": "man detective beige coat hat",
    "keeper": "man navy coat white beard cap", "postman": "man blue coat cap",
    "doctor": "person doctor white coat", "waiter": "man black vest", "king": "man",
    "worker": "person blue overalls", "stranger": "man dark coat hat", "child": "child",
    "children": "child", "kid": "child", "kids": "child", "baby": "child",
    "person": "person", "people": "person", "figure": "person dark coat", "someone": "person",
    "traveller": "person coat hat", "traveler": "person coat hat", "farmer": "man straw hat",
    "couple": "person", "lovers": "person", "friends": "person", "dancer": "woman dress",
    "teacher": "person cardigan", "cowboy": "man brown hat", "painter": "person beret",
    "astronaut": "person white coat", "monk": "man brown robe bald", "bride": "woman white dress",
    "hero": "person", "driver": "man cap", "conductor": "man navy coat cap",
    "passenger": "person", "cook": "person white", "chef": "man white",
    "widow": "woman black dress",
    "he": "man", "she": "woman", "they": "person", "him": "man", "her": "woman",
}  # fmt: skip

CROWDS = frozenset("crowd crowds people passers-by passersby pedestrians shoppers tourists "
                   "audience commuters dancers workers children villagers".split())  # fmt: skip

NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "several": 4, "couple": 2, "pair": 2,
           "lovers": 2, "many": 5, "flock": 7, "few": 3, "some": 3, "dozen": 8}  # fmt: skip
