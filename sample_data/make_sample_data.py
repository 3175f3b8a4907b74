"""Makes the sample scans: 176 chest-X-ray-like phantoms, half of them with a nodule.

A workbench for tuning data generators needs images on which a wrong setting shows: a flip that
moves the heart to the other side, a shift that cuts a lung off, a brightness range that drowns
a faint spot. Real scans may not be shipped, so this script draws phantoms. Like in a real
radiograph, each organ adds to (or, filled with air, takes from) the attenuation along the ray,
and a film curve turns the sum into brightness; so ribs stay faintly visible across the heart and
a nodule behind a rib is brighter than one between two ribs.

Everything is drawn in body units: the origin is the middle of the chest, x runs to the viewer's
right, y down, and 1 is about half of the picture's width or height. The viewer's right is the
patient's left, so the heart's apex points there.

What it writes (see `write`):

- `scans/clear/*.png`, `scans/nodule/*.png`: 80 + 80 8-bit and 8 + 8 16-bit grayscale scans,
  of 128 to 256 pixels per side. Odd numbers are clear, even ones have a nodule.
- `arrays/data.npy`, `arrays/labels.npy`: the same scans at 128 x 128 and their labels.

The same versions of NumPy and OpenCV give the same pixels on each run. Run it as

    python sample_data/make_sample_data.py [--out DIR] [--check]

where `--check` trains a small Keras network on the arrays that are already in DIR, and fails
unless they can be learned, but neither perfectly nor from the mean brightness alone.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import keras

Layer = NDArray[np.float32]
Points = NDArray[np.float64]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]

CLASSES = ("clear", "nodule")
EIGHT_BIT_SCANS = 160
SIXTEEN_BIT_SCANS = 16
SCANS = EIGHT_BIT_SCANS + SIXTEEN_BIT_SCANS
ARRAY_SIDE = 128
SHORTEST_SIDE, LONGEST_SIDE = 128, 256

# Any other value gives an equally good set; changing it changes every committed file.
SEED = 20240

# OpenCV draws on float images without anti-aliasing, so shapes are drawn this much larger.
SUPERSAMPLING = 3

# The band that `--check` accepts: below, the classes can't be told apart; above, any network
# solves them, and no setting of a generator would make a difference.
AUC_BAND = (0.80, 0.98)
BRIGHTNESS_AUC_LIMIT = 0.65
# From a little more than where two ribs cross (the brightest thing that a clear lung has) to
# plainly visible; this is what sets how hard the classes are to tell apart.
NODULE_STRENGTH = (0.26, 0.50)
HIDDEN_SHARE = 0.12
# At the arrays' size about 4 to 7 pixels: wider than a rib, narrower than the gap between two.
NODULE_RADIUS = (0.060, 0.100)

# Before this, an unlucky seed's network may not have found the spots yet; after it, little is
# gained, and the check is to end within a minute on two cores.
EPOCHS = 30


@dataclass(frozen=True)
class Frame:
    """The enlarged canvas of one scan, and where on it the body lies.

    Attributes:
        height: The canvas height in pixels.
        width: The canvas width in pixels.
        unit: Pixels per body unit, for widths and blur radii.
        pose: Float array of shape (2, 3): body coordinates to canvas pixels.
    """

    height: int
    width: int
    unit: float
    pose: Points

    def place(self, path: Points) -> NDArray[np.int32]:
        """Turns body coordinates into canvas pixels.

        Args:
            path: Float array of shape (n, 2), x and y in body units.

        Returns:
            Int32 array of shape (n, 2), x and y in pixels.
        """
        return np.rint(path @ self.pose[:, :2].T + self.pose[:, 2]).astype(np.int32)

    def blank(self) -> Layer:
        """Returns a layer of zeros, of shape (height, width)."""
        return np.zeros((self.height, self.width), np.float32)

    def fill(self, *outlines: Points) -> Layer:
        """Returns a layer that is 1 inside the closed outlines and 0 elsewhere.

        Args:
            *outlines: Float arrays of shape (n, 2), in body units.

        Returns:
            Float32 array of shape (height, width).
        """
        layer = self.blank()
        for outline in outlines:
            cv2.fillPoly(layer, [self.place(outline)], (1.0,))
        return layer

    def stroke(self, layer: Layer, path: Points, width: float, value: float = 1.0) -> None:
        """Draws an open path onto a layer, in place.

        Args:
            layer: Float32 array of shape (height, width).
            path: Float array of shape (n, 2), in body units.
            width: The line's width in body units; at least one pixel is drawn.
            value: What the covered pixels are set to.
        """
        thickness = max(1, round(width * self.unit))
        cv2.polylines(layer, [self.place(path)], False, (value,), thickness)

    def soften(self, layer: Layer, radius: float) -> Layer:
        """Blurs a layer.

        Args:
            layer: Float32 array of shape (height, width).
            radius: The Gaussian's standard deviation in body units.

        Returns:
            Float32 array of shape (height, width).
        """
        return _blur(layer, radius * self.unit)

    def depth(self) -> Layer:
        """Returns each pixel's y in the unturned canvas, about -1 (top) to 1 (bottom)."""
        column = np.linspace(-1.0, 1.0, self.height, dtype=np.float32)
        return np.repeat(column[:, None], self.width, axis=1)


@dataclass(frozen=True)
class Patient:
    """The traits that differ from patient to patient, in body units or as factors around 1.

    Attributes:
        base: How much lower than usual the diaphragm stands (a deeper breath).
        heart: The heart's size.
        ribs: How strongly the ribs show.
        slope: How far a rib descends from the spine to its front end.
        vessels: How strongly the lung vessels show.
        girth: How much soft tissue there is.
    """

    base: float
    heart: float
    ribs: float
    slope: float
    vessels: float
    girth: float


def label(number: int) -> int:
    """Returns the class of scan `number`: 0 (clear) for odd numbers, 1 (nodule) for even ones."""
    return 1 - number % 2


def is_sixteen_bit(number: int) -> bool:
    """Tells whether scan `number` is stored with 16 bits per pixel: the last ones are."""
    return number > EIGHT_BIT_SCANS


def scan(number: int) -> tuple[Layer, int]:
    """Draws one scan.

    Args:
        number: The scan's number, 1 to `SCANS`. It alone decides everything about the scan.

    Returns:
        The image, a float32 array of shape (height, width) with values in [0, 1] and sides of
        128 to 256 pixels, and its label (0 = clear, 1 = nodule).
    """
    # One stream per subject, so that a change to the vessels leaves all poses as they were, and
    # the nodule's draws can't shift anything else between the classes.
    rng_size, rng_body, rng_vessels, rng_nodule, rng_film = (
        np.random.default_rng([SEED, number, stream]) for stream in range(5)
    )
    height, width = _size(rng_size)
    frame = _frame(rng_body, height, width)
    attenuation = _chest(rng_body, rng_vessels, rng_nodule, frame, nodule=bool(label(number)))
    return _develop(rng_film, attenuation, height, width), label(number)


def encode(image: Layer, sixteen_bit: bool) -> Pixels:
    """Turns an image into the integers that a PNG file holds.

    Args:
        image: Float32 array with values in [0, 1].
        sixteen_bit: Whether to use the full 16-bit scale rather than the 8-bit one.

    Returns:
        Array of the same shape: uint16 with values in [0, 65535], or uint8 in [0, 255].
    """
    if sixteen_bit:
        return np.asarray(np.rint(image * 65535.0), np.uint16)
    return np.asarray(np.rint(image * 255.0), np.uint8)


def thumbnail(pixels: Pixels) -> NDArray[np.uint8]:
    """Brings a stored scan to the size and scale of the arrays.

    Args:
        pixels: Array of shape (height, width), uint8 or uint16.

    Returns:
        Uint8 array of shape (128, 128, 1).
    """
    per_level = 257.0 if pixels.dtype == np.uint16 else 1.0
    levels = pixels.astype(np.float32) / np.float32(per_level)
    small = cv2.resize(levels, (ARRAY_SIDE, ARRAY_SIDE), interpolation=cv2.INTER_AREA)
    return np.rint(small).astype(np.uint8)[:, :, None]


def write(out: Path) -> None:
    """Writes all scans and both arrays.

    Args:
        out: The folder that gets `scans/` and `arrays/`; files of the same names are replaced.
    """
    by_path = {}
    for number in range(1, SCANS + 1):
        path = out / "scans" / CLASSES[label(number)] / f"scan_{number:03d}.png"
        by_path[path] = _write_scan(path, number)
    # The order in which Keras lists a folder of classes: class by class, names sorted.
    paths = sorted(by_path)
    labels = [CLASSES.index(path.parent.name) for path in paths]
    (out / "arrays").mkdir(parents=True, exist_ok=True)
    np.save(out / "arrays" / "data.npy", np.stack([by_path[path] for path in paths]))
    np.save(out / "arrays" / "labels.npy", np.array(labels, np.int64))


def _write_scan(path: Path, number: int) -> NDArray[np.uint8]:
    pixels = encode(scan(number)[0], is_sixteen_bit(number))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"could not write {path}")
    return thumbnail(pixels)


# --- Size, pose and film --------------------------------------------------------------------


def _size(rng: Generator) -> tuple[int, int]:
    longer = int(rng.integers(150, LONGEST_SIDE + 1))
    # Detectors are square or nearly so; a stronger ratio would cut the lungs off.
    ratio = 1.0 if rng.random() < 0.3 else rng.uniform(0.8, 0.97)
    shorter = max(SHORTEST_SIDE, round(longer * ratio))
    portrait = rng.random() < 0.5
    return (longer, shorter) if portrait else (shorter, longer)


def _frame(rng: Generator, height: int, width: int) -> Frame:
    high, wide = height * SUPERSAMPLING, width * SUPERSAMPLING
    unit = (high + wide) / 4.0 * rng.uniform(0.98, 1.15)
    turn = math.radians(rng.normal(0.0, 2.2))
    stretch = rng.uniform(0.93, 1.06)
    shift = rng.normal(0.0, 0.035, 2) * unit
    cos, sin = math.cos(turn), math.sin(turn)
    turned = np.array([[cos * stretch, -sin], [sin * stretch, cos]]) * unit
    centre = np.array([wide / 2.0, high / 2.0]) + shift
    return Frame(high, wide, unit, np.column_stack([turned, centre]))


def _patient(rng: Generator) -> Patient:
    return Patient(
        base=rng.normal(0.0, 0.035),
        heart=rng.uniform(0.88, 1.12),
        ribs=rng.uniform(0.75, 1.25),
        slope=rng.uniform(0.40, 0.56),
        vessels=rng.uniform(0.75, 1.25),
        girth=rng.uniform(0.94, 1.08),
    )


def _develop(rng: Generator, attenuation: Layer, height: int, width: int) -> Layer:
    """Turns attenuation into brightness: film curve, vignetting, sampling and grain."""
    # Scatter: part of the rays arrives away from where it should, and greys the shadows.
    veiled = 0.9 * attenuation + 0.1 * _wide_blur(attenuation, 0.12)
    middle, contrast = rng.uniform(0.74, 0.90), rng.uniform(3.3, 4.3)
    film = 1.0 / (1.0 + np.exp(-contrast * (veiled - np.float32(middle))))
    film = film * _vignette(rng, *film.shape)
    sampled = cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)
    sampled = _blur(sampled, rng.uniform(0.4, 0.7))
    return np.asarray(np.clip(sampled + _grain(rng, sampled), 0.0, 1.0), np.float32)


def _vignette(rng: Generator, height: int, width: int) -> Layer:
    # The beam's centre is rarely the picture's: the fall-off differs from side to side.
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32) - rng.normal(0.0, 0.15)
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32) - rng.normal(0.0, 0.15)
    square = x[None, :] ** 2 + y[:, None] ** 2
    return (1.0 - rng.uniform(0.05, 0.13) * square).astype(np.float32)


def _grain(rng: Generator, image: Layer) -> Layer:
    fine = rng.standard_normal(image.shape, np.float32)
    coarse = _blur(rng.standard_normal(image.shape, np.float32), 1.0) * 3.5
    strength = rng.uniform(0.004, 0.007)
    # Fewer photons get through where the picture is bright; outside the body there is no grain.
    return (strength * np.sqrt(image) * (fine + coarse)).astype(np.float32)


def _blur(layer: Layer, sigma: float) -> Layer:
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma), np.float32)


def _wide_blur(layer: Layer, share: float) -> Layer:
    # A blur this wide has no detail: a sixteenth of the pixels gives the same picture sooner.
    height, width = layer.shape
    small = cv2.resize(layer, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), share * width / 4, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height)), np.float32)


def _cloud(rng: Generator, frame: Frame, radius: float) -> Layer:
    """Smooth noise of mean 0 and deviation 1 with lumps of about `radius` body units."""
    rows = max(4, round(frame.height / (radius * frame.unit)))
    columns = max(4, round(frame.width / (radius * frame.unit)))
    lumps = rng.standard_normal((rows, columns), np.float32)
    size = (frame.width, frame.height)
    return np.asarray(cv2.resize(lumps, size, interpolation=cv2.INTER_CUBIC), np.float32)


# --- The chest ------------------------------------------------------------------------------


def _chest(
    rng: Generator, rng_vessels: Generator, rng_nodule: Generator, frame: Frame, *, nodule: bool
) -> Layer:
    """Adds all organs up; 1 is the attenuation of a chest without lungs."""
    patient = _patient(rng)
    lungs, heart = _lungs(frame, patient), _heart(frame, patient)
    middle = np.maximum(heart, _mediastinum(rng, frame))
    aerated = np.asarray(lungs * (1.0 - 0.80 * middle), np.float32)
    # The rays that come through dense tissue are the hard ones, of which bone stops fewer.
    bones = (_spine(frame) + _bones(rng, frame, patient)) * (1.0 - 0.45 * heart)
    total = _soft_tissue(rng, frame, patient) + bones
    total += 0.06 * heart * lungs + 0.05 * middle - _trachea(frame) - _stomach(rng, frame, patient)
    total += _parenchyma(rng, frame, aerated)
    total += _vessels(rng_vessels, frame, patient) * lungs * (1.0 - 0.75 * heart)
    if nodule:
        total += _nodule(rng_nodule, frame, aerated)
    return total.astype(np.float32)


def _wall(y: ArrayLike) -> Points:
    """Half the width of the rib cage at height `y`: 0 above the apex, widest at the base."""
    apex, base, widest = -0.89, 0.50, 0.79
    up = np.clip((base - np.asarray(y, np.float64)) / (base - apex), 0.0, 1.0)
    return np.asarray(widest * (1.0 - up**2.7) ** 0.50, np.float64)


def _smooth(corners: ArrayLike, rounds: int = 4) -> Points:
    """Rounds a closed polygon by cutting its corners (Chaikin)."""
    points = np.asarray(corners, np.float64)
    for _ in range(rounds):
        after = np.roll(points, -1, axis=0)
        pair = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], axis=1)
        points = pair.reshape(-1, 2)
    return points


def _mirrored(half: Points) -> Points:
    """Closes the outline of a right half, listed from the top down, by its mirror image."""
    return np.concatenate([half, half[::-1] * (-1.0, 1.0)])


def _soft_tissue(rng: Generator, frame: Frame, patient: Patient) -> Layer:
    body = frame.fill(_smooth(_body_outline(patient.girth)))
    inside = cv2.distanceTransform(body.astype(np.uint8), cv2.DIST_L2, 5)
    # The trunk is round: its rim is thin, and from this deep on it is about evenly thick.
    rim = np.clip(inside / (0.38 * frame.unit), 0.0, 1.0)
    thickness = np.sqrt(rim * (2.0 - rim)) * patient.girth
    belly = 0.10 * frame.depth()
    lumps = 0.02 * _cloud(rng, frame, 0.35)
    breasts = _breasts(rng, frame)
    return frame.soften(thickness + body * (belly + lumps + breasts), 0.006)


def _body_outline(girth: float) -> Points:
    """Neck, shoulder, arm hanging a little away from the trunk, armpit and flank."""
    half = [
        (0.00, -1.40), (0.19, -1.40), (0.20, -1.02), (0.34, -0.92), (0.62, -0.85),
        (0.90, -0.76), (1.12, -0.56), (1.28, -0.20), (1.36, 0.30), (1.40, 1.50),
        (1.16, 1.50), (1.09, 0.55), (1.00, 0.02), (0.96, 0.40), (0.95, 0.80),
        (0.97, 1.50), (0.00, 1.50),
    ]  # fmt: skip
    return _mirrored(np.array(half)) * (girth, 1.0)


def _breasts(rng: Generator, frame: Frame) -> Layer:
    strength, low = rng.uniform(0.0, 0.09), rng.uniform(0.16, 0.34)
    discs = [_ellipse((side * 0.46, low), 0.30, 0.26) for side in (-1, 1)]
    return frame.soften(frame.fill(*discs), 0.05) * np.float32(strength)


def _ellipse(centre: tuple[float, float], a: float, b: float) -> Points:
    angle = np.linspace(0.0, 2.0 * math.pi, 48, endpoint=False)
    return np.array(centre) + np.column_stack([a * np.cos(angle), b * np.sin(angle)])


def _lungs(frame: Frame, patient: Patient) -> Layer:
    # The liver pushes the dome on the viewer's left up.
    left = _lung_outline(0.38 + patient.base) * (-1.0, 1.0)
    right = _lung_outline(0.43 + patient.base)
    return frame.soften(frame.fill(left, right), 0.008)


def _lung_outline(dome: float) -> Points:
    """Outer border from apex to base, dome of the diaphragm, straight inner border."""
    corner = dome + 0.22
    y = np.linspace(-0.86, corner, 24)
    outer = np.column_stack([_wall(y) - 0.015, y])
    x = np.linspace(0.72, 0.10, 16)
    # The dome's top lies inside of the lung's middle, and it falls steeply to the outer angle.
    outward, inward = np.maximum(x - 0.36, 0.0) / 0.40, np.maximum(0.36 - x, 0.0) / 0.26
    floor = np.column_stack([x, dome + 0.20 * outward**2.2 + 0.07 * inward**2])
    inner = np.array([(0.09, 0.2), (0.09, -0.5), (0.12, -0.78)])
    return _smooth(np.concatenate([outer, floor, inner]), rounds=2)


def _parenchyma(rng: Generator, frame: Frame, aerated: Layer) -> Layer:
    """What the air takes away, with the mottle of the tissue that is left."""
    depth = 0.40 + 0.22 * frame.soften(aerated, 0.07)
    mottle = 0.018 * _cloud(rng, frame, 0.16) + 0.012 * _cloud(rng, frame, 0.05)
    mottle += 0.010 * _cloud(rng, frame, 0.022)
    return np.asarray(aerated * (mottle - depth), np.float32)


def _heart(frame: Frame, patient: Patient) -> Layer:
    """Right atrium, left ventricle with the apex at the viewer's right, great vessels' root."""
    outline = [
        (-0.05, -0.20), (-0.15, -0.08), (-0.22, 0.10), (-0.24, 0.28), (-0.19, 0.46),
        (-0.05, 0.56), (0.12, 0.58), (0.34, 0.57), (0.48, 0.50), (0.51, 0.36),
        (0.45, 0.20), (0.35, 0.07), (0.25, -0.04), (0.21, -0.16), (0.15, -0.24), (0.05, -0.26),
    ]  # fmt: skip
    anchor = np.array([0.0, 0.30])
    points = (np.array(outline) - anchor) * patient.heart + anchor + (0.0, patient.base)
    # It beats during the exposure, so its border is less sharp than the diaphragm's.
    return frame.soften(frame.fill(_smooth(points)), 0.014)


def _mediastinum(rng: Generator, frame: Frame) -> Layer:
    """Vessels and gullet between the lungs; the aortic arch bulges to the viewer's right."""
    knob = rng.uniform(0.17, 0.23)
    outline = [
        (-0.15, -1.20), (-0.14, -0.80), (-0.14, -0.50), (-0.13, -0.30), (-0.17, -0.12),
        (-0.15, 0.10), (-0.12, 0.70), (0.12, 0.70), (0.20, 0.00), (0.19, -0.14),
        (0.15, -0.23), (knob, -0.29), (knob, -0.38), (0.13, -0.46), (0.13, -0.80), (0.15, -1.20),
    ]  # fmt: skip
    return frame.soften(frame.fill(_smooth(outline)), 0.016)


def _trachea(frame: Frame) -> Layer:
    layer = frame.blank()
    frame.stroke(layer, np.array([(0.0, -1.2), (0.0, -0.5), (-0.01, -0.27)]), 0.075)
    for end in ((-0.15, -0.13), (0.16, -0.11)):
        frame.stroke(layer, np.array([(-0.01, -0.28), end]), 0.045)
    return 0.13 * frame.soften(layer, 0.012)


def _stomach(rng: Generator, frame: Frame, patient: Patient) -> Layer:
    """The air bubble under the dome on the viewer's right, which some patients have."""
    size = rng.uniform(0.06, 0.13)
    bubble = _ellipse((rng.uniform(0.28, 0.42), 0.56 + patient.base + size), size * 1.3, size)
    strength = np.float32(rng.uniform(0.05, 0.18) if rng.random() < 0.6 else 0.0)
    return frame.soften(frame.fill(bubble), 0.02) * strength


def _spine(frame: Frame) -> Layer:
    """Vertebrae with discs between them, growing downward, and their paired pedicles."""
    bodies, pedicles = frame.blank(), frame.blank()
    for index in range(18):
        y, half = -1.10 + 0.128 * index, 0.075 + 0.0022 * index
        frame.stroke(bodies, np.array([(-half, y), (half, y)]), 0.108)
        for side in (-1, 1):
            x = side * half * 0.75
            frame.stroke(pedicles, np.array([(x, y - 0.008), (x, y + 0.008)]), 0.032)
    return 0.12 * frame.soften(bodies, 0.016) + 0.05 * frame.soften(pedicles, 0.010)


# --- Ribs and shoulder girdle ---------------------------------------------------------------


def _bones(rng: Generator, frame: Frame, patient: Patient) -> Layer:
    # Two layers, as the back part of a rib crosses the front parts of others, and crossings add
    # up: with the vessels' ones they are what a nodule may be mistaken for.
    back, front = frame.blank(), frame.blank()
    for path, width in _ribs(rng, patient):
        half = len(path) // 2
        _tube(frame, back, path[: half + 1], width)
        _tube(frame, front, path[half:], width * 1.15)
    for path in _clavicles(rng):
        _tube(frame, front, path, 0.056, 2.0)
    ribs = frame.soften(back, 0.007) + 0.7 * frame.soften(front, 0.010)
    return np.float32(0.10 * patient.ribs) * ribs + _scapulae(rng, frame)


def _tube(frame: Frame, layer: Layer, path: Points, width: float, value: float = 1.0) -> None:
    # Bone is a dense bark around a lighter marrow, so its two borders are the brightest.
    frame.stroke(layer, path, width, value)
    frame.stroke(layer, path, width * 0.55, value * 0.72)


def _ribs(rng: Generator, patient: Patient) -> Iterator[tuple[Points, float]]:
    """Paths from the spine around the side to the front end, both sides, top to bottom.

    A rib is a loop, seen edge-on: leaning forward, its front is lower than its back.
    """
    angle = np.linspace(0.06, 0.80, 48) * math.pi
    for level in range(11):
        start = -0.91 + 0.128 * level + rng.normal(0.0, 0.006)
        slope = patient.slope * (0.80 + 0.05 * level)
        reach = float(_wall(start + slope / 2.0)) + 0.005
        y = start + slope * (1.0 - np.cos(angle)) / 2.0 - 0.030 * np.sin(2.0 * angle)
        for side in (-1, 1):
            wobble = rng.normal(0.0, 0.008) * np.sin(angle)
            path = np.column_stack([side * reach * np.sin(angle), y + wobble])
            yield path, 0.046 + rng.normal(0.0, 0.002)


def _clavicles(rng: Generator) -> Iterator[Points]:
    along = np.linspace(0.0, 1.0, 24)
    for side in (-1, 1):
        rise = rng.uniform(0.14, 0.26)
        # Two opposite bows: forward near the breastbone, back near the shoulder.
        y = -0.49 - rise * along - 0.030 * np.sin(2.0 * math.pi * along)
        yield np.column_stack([side * (0.09 + 0.70 * along), y])


def _scapulae(rng: Generator, frame: Frame) -> Layer:
    half = np.array([(0.66, -0.70), (0.60, -0.35), (0.68, 0.02), (0.80, -0.10), (0.98, -0.66)])
    blades = [_smooth(half * (side, 1.0) + (0.0, rng.normal(0.0, 0.03))) for side in (-1, 1)]
    heads = [_ellipse((side * 1.0, -0.62), 0.11, 0.10) for side in (-1, 1)]
    faint = 0.045 * frame.soften(frame.fill(*blades), 0.010)
    return faint + 0.12 * frame.soften(frame.fill(*heads), 0.012)


# --- Vessels and nodule ---------------------------------------------------------------------


def _vessels(rng: Generator, frame: Frame, patient: Patient) -> Layer:
    # Arteries and veins are separate trees, so that their crossings add up.
    trees = [_tree(rng, frame) for _ in range(2)]
    hila = [_ellipse((side * 0.19, -0.05), 0.055, 0.10) for side in (-1, 1)]
    hilum = frame.soften(frame.fill(*hila), 0.03)
    return np.float32(patient.vessels) * (sum(trees, frame.blank()) + 0.07 * hilum)


def _tree(rng: Generator, frame: Frame) -> Layer:
    twigs = []
    for side in (-1, 1):
        # From steeply up (nearly -90 degrees) by sideways to steeply down.
        for heading in np.linspace(-1.35, 1.35, 6) + rng.normal(0.0, 0.12, 6):
            root = (0.15 + rng.normal(0.0, 0.01), -0.05 + 0.06 * heading)
            stem = _branches(rng, np.array(root), heading, rng.uniform(0.020, 0.030), 4)
            twigs += [(path * (side, 1.0), width) for path, width in stem]
    layer = frame.blank()
    # Thin ones first: a wide vessel must not be cut by a twig drawn over it.
    for path, width in sorted(twigs, key=lambda twig: twig[1]):
        frame.stroke(layer, path, width, width)
    # A vessel was drawn with its width as its value: the wider, the more blood is in the way.
    return 3.2 * frame.soften(layer, 0.005)


def _branches(
    rng: Generator, start: Points, heading: float, width: float, generations: int
) -> Iterator[tuple[Points, float]]:
    """A vessel and, from its end on, its two daughters, each narrower and shorter."""
    steps = np.linspace(0.0, rng.uniform(0.10, 0.17) * (0.6 + 0.1 * generations), 6)
    bend = heading + rng.normal(0.0, 2.2) * steps
    path = start + np.column_stack([np.cos(bend), np.sin(bend)]) * steps[:, None]
    yield path, width
    if generations:
        for turn in (-1, 1):
            fork = float(bend[-1]) + turn * rng.uniform(0.15, 0.6)
            narrower = width * rng.uniform(0.62, 0.82)
            yield from _branches(rng, path[-1], fork, narrower, generations - 1)


def _nodule(rng: Generator, frame: Frame, aerated: Layer) -> Layer:
    """A ball of tissue with a soft, slightly uneven rim, somewhere well inside a lung."""
    inside = np.argwhere(frame.soften(aerated, 0.05) > 0.93)
    row, column = inside[rng.integers(len(inside))]
    radius = rng.uniform(*NODULE_RADIUS) * frame.unit
    y, x = np.ogrid[: frame.height, : frame.width]
    angle = np.arctan2(y - row, x - column)
    lobes = 1.0 + rng.uniform(0.0, 0.12) * np.cos(3.0 * angle + rng.uniform(0.0, 6.0))
    away = np.hypot(y - row, (x - column) * rng.uniform(0.9, 1.1)) / (radius * lobes)
    chord = np.sqrt(np.clip(1.0 - away**2, 0.0, None)).astype(np.float32)
    strength = rng.uniform(*NODULE_STRENGTH)
    # Some are all but invisible, as in any real series: no network should get all of them.
    strength *= 0.35 if rng.random() < HIDDEN_SHARE else 1.0
    return frame.soften(chord, 0.016) * np.float32(strength)


# --- Check ----------------------------------------------------------------------------------


def auc(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Returns how often a nodule scan scores higher than a clear one.

    Args:
        labels: Int array of shape (n,), 0 or 1.
        scores: Float array of shape (n,).

    Returns:
        The area under the ROC curve, 0 to 1; ties count half.
    """
    ahead = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float(np.mean((np.sign(ahead) + 1.0) / 2.0))


def brightness_auc(data: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Returns the AUC of the mean brightness alone, whichever direction is the better one.

    Args:
        data: Uint8 array of shape (n, 128, 128, 1).
        labels: Int array of shape (n,), 0 or 1.

    Returns:
        The area under the ROC curve, 0.5 to 1.
    """
    area = auc(labels, data.mean(axis=(1, 2, 3)))
    return max(area, 1.0 - area)


def network_auc(data: NDArray[np.uint8], labels: NDArray[np.int64], seed: int = 0) -> float:
    """Trains the check's network on each half of the scans and tests it on the other half.

    Args:
        data: Uint8 array of shape (n, 128, 128, 1).
        labels: Int array of shape (n,), 0 or 1.
        seed: Seed of the split into halves and of the training.

    Returns:
        The mean of both halves' validation AUC, 0 to 1.
    """
    half = _halves(labels, seed)
    areas = []
    for held in (0, 1):
        scores = _trained_scores(data[half != held], labels[half != held], data[half == held], seed)
        areas.append(auc(labels[half == held], scores))
    return sum(areas) / len(areas)


def check(out: Path) -> bool:
    """Prints both AUC figures of the arrays in a folder.

    Args:
        out: The folder that `write` filled.

    Returns:
        Whether the network's AUC lies in `AUC_BAND` and the brightness's below its limit.
    """
    data = np.load(out / "arrays" / "data.npy")
    labels = np.load(out / "arrays" / "labels.npy")
    brightness, network = brightness_auc(data, labels), network_auc(data, labels)
    low, high = AUC_BAND
    print(f"mean brightness AUC: {brightness:.3f} (must be below {BRIGHTNESS_AUC_LIMIT})")
    print(f"network validation AUC: {network:.3f} (must be in {low} to {high})")
    return brightness < BRIGHTNESS_AUC_LIMIT and low <= network <= high


def _halves(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Puts every scan into half 0 or 1, such that both have equal shares of the classes."""
    rng = np.random.default_rng(seed)
    half = np.zeros(len(labels), np.int64)
    for value in (0, 1):
        members = rng.permutation(np.flatnonzero(labels == value))
        half[members[::2]] = 1
    return half


def _trained_scores(
    data: NDArray[np.uint8], labels: NDArray[np.int64], unseen: NDArray[np.uint8], seed: int
) -> NDArray[np.float64]:
    import keras

    keras.utils.set_random_seed(seed)
    model = _network()
    mirrored = np.concatenate([data, data[:, :, ::-1], data[:, ::-1], data[:, ::-1, ::-1]])
    model.fit(mirrored, np.tile(labels, 4), batch_size=16, epochs=EPOCHS, verbose=0)
    scores = keras.ops.convert_to_numpy(model(unseen, training=False))
    return np.asarray(scores, np.float64)[:, 0]


def _network() -> keras.Model:
    import keras
    from keras import layers

    scans = keras.Input((ARRAY_SIDE, ARRAY_SIDE, 1))
    # Less the surroundings' brightness, a spot differs from its surroundings by about 1/20.
    x = layers.AveragePooling2D(2)(layers.Rescaling(20.0 / 255.0)(scans))
    x = layers.Subtract()([x, layers.AveragePooling2D(11, strides=1, padding="same")(x)])
    # So few scans suit few weights: with a first window that holds a whole spot, two layers do,
    # while deeper networks learn the single patients' ribs by heart.
    x = layers.Conv2D(8, 9, padding="same", activation="relu")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D(2)(x))
    # A spot anywhere is a spot: only the strongest answer counts, not its place.
    x = layers.Dropout(0.3)(layers.GlobalMaxPooling2D()(x))
    model = keras.Model(scans, layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(4e-3), "binary_crossentropy")
    return model


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: The arguments after the program's name; None takes those of this process.

    Returns:
        The exit status: 0, or 1 if the check failed.
    """
    parser = argparse.ArgumentParser(description="Makes the sample scans.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).resolve().parent, help="folder to write into"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; test that the arrays are learnable"
    )
    options = parser.parse_args(arguments)
    if options.check:
        if not (options.out / "arrays" / "data.npy").is_file():
            parser.error(f"no arrays in {options.out}: run without --check first")
        return 0 if check(options.out) else 1
    write(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
