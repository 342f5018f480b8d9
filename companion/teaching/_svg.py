"""What matplotlib draws, as small SVG: one element a line, colours as the page's variables, glyphs defined once.

matplotlib's own SVG backend writes a whole document, which then has to be taken apart; this costs a third of that.
"""

import base64
import io
from collections.abc import Iterable
from functools import lru_cache
from hashlib import md5
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import rgb2hex
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, Transform
from PIL import Image

from companion.teaching.plotting import PALETTE

# Pixels of a smooth image per point of the figure.
_DENSITY = 2
_FORMATS = {
    Path.MOVETO: "M%g %g",
    Path.LINETO: "L%g %g",
    Path.CURVE3: "Q%g %g",
    Path.CURVE4: "C%g %g",
    Path.CLOSEPOLY: "z",
}
_RUNS = (Path.LINETO, Path.CURVE3, Path.CURVE4)
_NAMES = {colour: name for name, colour in PALETTE.items()}


class Drawing(NamedTuple):
    """Lines of SVG, and the lines of the definitions that they refer to, by id."""

    defined: dict[str, str]
    lines: list[str]


def document(*drawings: Drawing) -> str:
    """The drawings on top of each other, with their definitions, as the inside of an SVG element."""
    defined = {name: line for drawing in drawings for name, line in drawing.defined.items()}
    layers = [line for drawing in drawings for line in ("<g>", *drawing.lines, "</g>")]
    return "\n".join(
        [
            '<g stroke-linejoin="round">',
            "<defs>",
            *(defined[name] for name in sorted(defined)),
            "</defs>",
            *layers,
            "</g>",
        ]
    )


def number(value: float) -> str:
    """A coordinate to a hundredth of a point."""
    return f"{round(value, 2) + 0.0:g}"


@lru_cache(maxsize=1000)
def colour(rgb: tuple[float, float, float]) -> str:
    """A colour as the page may change it: a variable with the palette's name, or the plain value."""
    plain = rgb2hex(rgb)
    return f"var(--x-{_NAMES[plain]}, {plain})" if plain in _NAMES else plain


def path_data(path: Path, transform: Transform, clip: tuple[float, float, float, float] | None, simplify: bool) -> str:
    """The `d` of a path, in hundredths of a point."""
    cleaned = path.cleaned(transform=transform, remove_nans=True, clip=clip, simplify=simplify, curves=True)
    # The last vertex is matplotlib's stop.
    places = np.round(np.asarray(cleaned.vertices)[:-1], 2) + 0.0
    codes = np.asarray(cleaned.codes)[:-1]
    parts, before = [], -1
    for code in codes.tolist():
        # A letter holds until the next one, and lines may follow a start without theirs.
        onward = (code == before and code in _RUNS) or (before == Path.MOVETO and code == Path.LINETO)
        parts.append(" %g %g" if onward else _FORMATS[code])
        before = code
    return "".join(parts) % tuple(places[codes != Path.CLOSEPOLY].ravel().tolist())


@lru_cache(maxsize=4000)
def glyphs(text: str, font: FontProperties, math: bool) -> tuple[list[tuple[Any, ...]], dict[str, str], list[str]]:
    """Of a text in units of a font of size 100: (glyph, x, y, scale) for each, the glyphs' outlines, and the rules."""
    if math:
        placed, outlines, rules = text_to_path.get_glyphs_mathtext(font, text)
    else:
        face = get_font(findfont(font))
        face.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
        placed, outlines, rules = text_to_path.get_glyphs_with_font(face, text)
    none = Affine2D()
    drawn = {name: path_data(Path(*outline), none, None, False) for name, outline in outlines.items()}
    return placed, drawn, [path_data(Path(*rule), none, None, False) for rule in rules]


class SvgRenderer(RendererBase):
    """A matplotlib renderer of one panel; every id starts with `prefix`. Points are its pixels (72 dpi)."""

    def __init__(self, width: float, height: float, prefix: str) -> None:
        super().__init__()
        self.width, self.height, self.prefix = width, height, prefix
        self.flip = Affine2D().scale(1, -1).translate(0, height)
        self.frame = (0.0, 0.0, width, height)
        self.drawing = Drawing({}, [])

    def drawn(self, artists: Iterable[Artist]) -> Drawing:
        """What the artists draw, in the order of their z-order."""
        self.drawing = Drawing({}, [])
        for artist in sorted(artists, key=lambda a: a.get_zorder()):
            artist.draw(self)
        return self.drawing

    def define(self, kind: str, shape: str, name: str = "") -> str:
        """The id of a definition, which is made when it is new: `shape` stands after the element's id."""
        name = self.prefix + (name or f"{kind[0]}{md5(shape.encode(), usedforsecurity=False).hexdigest()[:8]}")
        self.drawing.defined[name] = f'<{kind} id="{name}"{shape}'
        return name

    # --- what matplotlib calls ---------------------------------------------------------------------------------

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Width and height in points."""
        return self.width, self.height

    def get_image_magnification(self) -> float:
        """Pixels of a smooth image per point."""
        return _DENSITY

    def option_scale_image(self) -> bool:
        """An image without interpolation is handed over as its cells; the page scales it."""
        return True

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None) -> None:
        """A line or a shape."""
        if not (look := self.look(gc, rgbFace)):
            return
        hollow = rgbFace is None
        data = path_data(path, transform + self.flip, self.frame if hollow else None, hollow and path.should_simplify)
        if data:
            self.drawing.lines.append(f'<path d="{data}"{look}{self.clip(gc)}/>')

    def draw_markers(
        self, gc: GraphicsContextBase, marker_path: Path, marker_trans: Transform, path: Path, trans: Transform,
        rgbFace: Any = None,
    ) -> None:  # fmt: skip
        """The same mark at every vertex of `path`."""
        if not (look := self.look(gc, rgbFace)):
            return
        ends = [v[-2:] for v, _ in path.iter_segments(trans + self.flip, simplify=False) if len(v)]
        places = [(x, y) for x, y in ends if -1 <= x <= self.width + 1 and -1 <= y <= self.height + 1]
        mark = marker_trans + Affine2D().scale(1, -1)
        if len(places) == 1:
            data = path_data(marker_path, mark + Affine2D().translate(*places[0]), None, False)
            self.drawing.lines.append(f'<path d="{data}"{look}{self.clip(gc)}/>')
        elif places:
            name = self.define("path", f' d="{path_data(marker_path, mark, None, False)}"/>')
            uses = [f'<use href="#{name}" x="{number(x)}" y="{number(y)}"/>' for x, y in places]
            self.drawing.lines.extend([f"<g{look}{self.clip(gc)}>", *uses, "</g>"])

    def draw_image(
        self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Transform | None = None
    ) -> None:
        """Pixels at their place, or with a `transform` cells that the page scales without smoothing."""
        height, width = im.shape[:2]
        if not (height and width):
            return
        out = io.BytesIO()
        if transform is None:
            Image.fromarray(im[::-1]).save(out, "png")
            width, height = width / _DENSITY, height / _DENSITY
            place = f' x="{number(x)}" y="{number(self.height - y - height)}"'
        else:
            Image.fromarray(im).save(out, "png")
            to_page = Affine2D().scale(1 / width, 1 / height) + transform + Affine2D().translate(x, y) + self.flip
            matrix = " ".join(f"{v:.6g}" for v in to_page.get_matrix()[:2].T.ravel())
            place = f' transform="matrix({matrix})" style="image-rendering: pixelated"'
        data = base64.b64encode(out.getvalue()).decode()
        size = f' width="{number(width)}" height="{number(height)}"{place}'
        image = f'<image{size} href="data:image/png;base64,{data}"/>'
        # The clip is a group's, since an image's own would be moved by its transform.
        self.drawing.lines.extend([f"<g{self.clip(gc)}{self.opacity(gc)}>", image, "</g>"])

    def draw_text(
        self, gc: GraphicsContextBase, x: float, y: float, s: str, prop: FontProperties, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        """A line of text, as outlines: it looks the same with every reader's fonts."""
        placed, outlines, rules = glyphs(s, prop, bool(ismath))
        scale = prop.get_size_in_points() / text_to_path.FONT_SCALE
        turn = f" rotate({number(-angle)})" if angle else ""
        place = f'transform="translate({number(x)} {number(y)}){turn} scale({scale:.4g} {-scale:.4g})"'
        rgba = gc.get_rgb()
        faint = "" if rgba[3] == 1 else f' opacity="{rgba[3]:.3g}"'
        lines = [f'<g {place} style="fill: {colour(tuple(rgba[:3]))}"{faint}{self.clip(gc)}>']
        for glyph, dx, dy, size in placed:
            # A letter's outline is not written again and again: `explorer.js` knows it by the font's name.
            name = self.define("path", f' d="{outlines[glyph]}"/>', str(glyph).replace(" ", ""))
            if size == 1:
                at = f'x="{number(dx)}"' + (f' y="{number(dy)}"' if dy else "")
            else:
                at = f'transform="translate({number(dx)} {number(dy)}) scale({size:.4g})"'
            lines.append(f'<use href="#{name}" {at}/>')
        self.drawing.lines.extend([*lines, *(f'<path d="{rule}"/>' for rule in rules), "</g>"])

    # --- how it looks --------------------------------------------------------------------------------------------

    def look(self, gc: GraphicsContextBase, face: Any) -> str:
        """Attributes for fill and stroke; empty if there is nothing to see."""
        if gc.get_hatch():
            raise NotImplementedError("hatched areas are not drawn in the book; use a colour")
        forced, rgba, width = gc.get_forced_alpha(), gc.get_rgb(), gc.get_linewidth()
        style = []
        if face is not None and len(face) == 4 and face[3] == 0 and not forced:
            face = None
        if face is not None:
            style.append(f"fill: {colour(tuple(face[:3]))}")
            if not forced and len(face) == 4 and face[3] != 1:
                style.append(f"fill-opacity: {face[3]:.3g}")
        else:
            style.append("fill: none")
        if width and (forced or rgba[3]):
            style += [f"stroke: {colour(tuple(rgba[:3]))}", f"stroke-width: {number(width)}", *self.ends(gc)]
            if not forced and rgba[3] != 1:
                style.append(f"stroke-opacity: {rgba[3]:.3g}")
        elif face is None:
            return ""
        return f' style="{"; ".join(style)}"{self.opacity(gc)}'

    @staticmethod
    def ends(gc: GraphicsContextBase) -> list[str]:
        """Style of a stroke's dashes, corners and ends, where they differ from the usual."""
        dashing: tuple[float, Any] = gc.get_dashes()
        offset, dashes = dashing
        style = []
        if dashes is not None and len(dashes):
            style.append(f"stroke-dasharray: {' '.join(number(d) for d in dashes)}")
            if offset:
                style.append(f"stroke-dashoffset: {number(offset)}")
        if (join := gc.get_joinstyle()) != "round":
            style.append(f"stroke-linejoin: {join}")
        if (cap := gc.get_capstyle()) != "butt":
            style.append(f"stroke-linecap: {'square' if cap == 'projecting' else cap}")
        return style

    @staticmethod
    def opacity(gc: GraphicsContextBase) -> str:
        """The attribute for an artist's own alpha."""
        alpha = gc.get_alpha()
        return f' opacity="{alpha:.3g}"' if gc.get_forced_alpha() and alpha != 1 else ""

    def clip(self, gc: GraphicsContextBase) -> str:
        """The attribute that cuts off what lies outside."""
        clipping: tuple[Any, Any] = gc.get_clip_path()
        shape, transform = clipping
        if shape is not None:
            inside = f'<path d="{path_data(shape, transform + self.flip, None, False)}"/>'
        elif (box := gc.get_clip_rectangle()) is not None:
            x, y, width, height = (number(v) for v in (box.x0, self.height - box.y1, box.width, box.height))
            inside = f'<rect x="{x}" y="{y}" width="{width}" height="{height}"/>'
        else:
            return ""
        return f' clip-path="url(#{self.define("clipPath", f">{inside}</clipPath>")})"'
