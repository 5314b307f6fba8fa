//! Fonts of the system: a monospaced one, and others for the characters that it has not.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use ab_glyph::{Font, FontVec, PxScale, point};

/// How deep folders of fonts are looked through.
const DEPTH_MAX: usize = 6;
/// How many font files are looked at by name.
const FILES_MAX: usize = 20_000;
/// The largest font file that is read.
const FONT_BYTES_MAX: u64 = 80_000_000;

/// Monospaced fonts and their bold faces by the names of their files, the best known first.
const MONOSPACED: [(&str, &str); 20] = [
    ("dejavusansmono.ttf", "dejavusansmono-bold.ttf"),
    ("jetbrainsmono-regular.ttf", "jetbrainsmono-bold.ttf"),
    ("cascadiamono-regular.ttf", "cascadiamono-bold.ttf"),
    ("cascadiamono.ttf", ""),
    ("notosansmono-regular.ttf", "notosansmono-bold.ttf"),
    ("adwaitamono-regular.ttf", "adwaitamono-bold.ttf"),
    ("liberationmono-regular.ttf", "liberationmono-bold.ttf"),
    ("hack-regular.ttf", "hack-bold.ttf"),
    ("ubuntumono-r.ttf", "ubuntumono-b.ttf"),
    ("ubuntumono[wght].ttf", ""),
    ("sourcecodepro-regular.otf", "sourcecodepro-bold.otf"),
    ("ibmplexmono-regular.otf", "ibmplexmono-bold.otf"),
    ("firamono-regular.ttf", "firamono-bold.ttf"),
    ("sfnsmono.ttf", ""),
    ("menlo.ttc", ""),
    ("consola.ttf", "consolab.ttf"),
    ("freemono.ttf", "freemonobold.ttf"),
    ("droidsansmono.ttf", ""),
    ("nimbusmonops-regular.otf", "nimbusmonops-bold.otf"),
    ("cour.ttf", "courbd.ttf"),
];

/// Fonts with many characters, the smaller first.
const OTHERS: [&str; 20] = [
    "dejavusans.ttf",
    "notosanssymbols-regular.ttf",
    "notosanssymbols2-regular.ttf",
    "notosansmath-regular.ttf",
    "freemono.ttf",
    "apple symbols.ttf",
    "seguisym.ttf",
    "droidsansfallback.ttf",
    "droidsansfallbackfull.ttf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "unifont.otf",
    "unifont.ttf",
    "notosanscjk-regular.ttc",
    "notosanscjkjp-regular.otf",
    "pingfang.ttc",
    "hiragino sans gb.ttc",
    "arial unicode.ttf",
    "msgothic.ttc",
    "msyh.ttc",
];

/// A character as pixels: where they begin from the pen on, and how much each covers.
#[derive(Debug)]
pub struct Glyph {
    /// Pixels to the right.
    pub left: i64,
    /// Pixels down from the baseline.
    pub top: i64,
    /// Pixels in a row.
    pub width: usize,
    /// From 0 to 1, row by row.
    pub covers: Vec<f32>,
}

/// What text is written with.
pub struct Fonts {
    regular: FontVec,
    bold: Option<FontVec>,
    /// Files for what the first has not, and those of them that have been read.
    others: Vec<PathBuf>,
    read: Vec<FontVec>,
    /// Pixels to the em.
    em: f32,
    /// By character, weight and room in pixels; `None` is in no font.
    glyphs: HashMap<(char, bool, u32), Option<Glyph>>,
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts")
            .field("em", &self.em)
            .finish_non_exhaustive()
    }
}

impl Fonts {
    /// The fonts of this system, for text of at most `em` pixels in cells of `cell` pixels.
    pub fn find(em: f32, cell: f32) -> Option<Self> {
        let files = files();
        let named = MONOSPACED.iter().find_map(|(regular, bold)| {
            let font = read(files.get(*regular)?)?;
            let bold = files.get(*bold).and_then(|path| read(path));
            Some((font, bold))
        });
        let (regular, bold) = named.or_else(|| any_monospaced(&files))?;
        let others = OTHERS
            .iter()
            .filter_map(|name| files.get(*name).cloned())
            .collect();
        let advance = advance(&regular, 'M');
        let fitting = if advance > 0.0 { cell / advance } else { em };
        Some(Self {
            regular,
            bold,
            others,
            read: Vec::new(),
            em: em.min(fitting),
            glyphs: HashMap::new(),
        })
    }

    /// A character in the middle of so much room in pixels.
    pub fn glyph(&mut self, c: char, is_bold: bool, room: f32) -> Option<&Glyph> {
        let key = (c, is_bold, room.round() as u32);
        if !self.glyphs.contains_key(&key) {
            let glyph = self.draw(c, is_bold, room);
            self.glyphs.insert(key, glyph);
        }
        self.glyphs.get(&key)?.as_ref()
    }

    fn draw(&mut self, c: char, is_bold: bool, room: f32) -> Option<Glyph> {
        let em = self.em;
        let bold = self.bold.as_ref().filter(|font| is_bold && has(font, c));
        if let Some(font) = bold {
            return Some(rasterized(font, c, em, room, false));
        }
        if has(&self.regular, c) {
            return Some(rasterized(&self.regular, c, em, room, is_bold));
        }
        loop {
            if let Some(font) = self.read.iter().find(|font| has(font, c)) {
                return Some(rasterized(font, c, em, room, is_bold));
            }
            if self.others.is_empty() {
                return None;
            }
            let next = self.others.remove(0);
            self.read.extend(read(&next));
        }
    }
}

fn has(font: &FontVec, c: char) -> bool {
    font.glyph_id(c).0 != 0
}

/// How far a character takes the pen, in ems.
fn advance(font: &FontVec, c: char) -> f32 {
    let units = font.units_per_em().unwrap_or(1000.0).max(1.0);
    font.h_advance_unscaled(font.glyph_id(c)) / units
}

/// `is_thickened` stands for a bold face that is not there.
fn rasterized(font: &FontVec, c: char, em: f32, room: f32, is_thickened: bool) -> Glyph {
    let advance = advance(font, c);
    // What is too wide for its cells is written smaller.
    let em = if advance * em > room * 1.05 {
        room / advance
    } else {
        em
    };
    let units = font.units_per_em().unwrap_or(1000.0).max(1.0);
    let scale = PxScale::from(em * font.height_unscaled() / units);
    let start = (room - advance * em) / 2.0;
    let glyph = font
        .glyph_id(c)
        .with_scale_and_position(scale, point(start, 0.0));
    let Some(outline) = font.outline_glyph(glyph) else {
        return Glyph {
            left: 0,
            top: 0,
            width: 0,
            covers: Vec::new(),
        };
    };
    let bounds = outline.px_bounds();
    let extra = usize::from(is_thickened);
    let width = bounds.width().ceil() as usize + extra;
    let height = bounds.height().ceil() as usize;
    let mut covers = vec![0.0_f32; width * height];
    outline.draw(|x, y, cover| {
        for by in 0..=extra {
            let at = y as usize * width + x as usize + by;
            if let Some(pixel) = covers.get_mut(at) {
                *pixel = (*pixel + cover).min(1.0);
            }
        }
    });
    Glyph {
        left: bounds.min.x as i64,
        top: bounds.min.y as i64,
        width,
        covers,
    }
}

fn read(path: &Path) -> Option<FontVec> {
    if fs::metadata(path).ok()?.len() > FONT_BYTES_MAX {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    FontVec::try_from_vec_and_index(bytes, 0).ok()
}

/// A font of another name that calls itself monospaced, and is.
fn any_monospaced(files: &BTreeMap<String, PathBuf>) -> Option<(FontVec, Option<FontVec>)> {
    let slanted = ["italic", "oblique", "bold", "light", "thin", "emoji"];
    files
        .iter()
        .filter(|(name, _)| {
            (name.contains("mono") || name.contains("code"))
                && !slanted.iter().any(|word| name.contains(word))
        })
        .filter_map(|(_, path)| read(path))
        .find(|font| has(font, 'M') && (advance(font, 'M') - advance(font, 'i')).abs() < 0.001)
        .map(|font| (font, None))
}

/// The font files of this system by their names in lower case; of two of one name the first.
fn files() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders() {
        collect(&folder, DEPTH_MAX, &mut found);
    }
    found
}

fn collect(folder: &Path, depth: usize, found: &mut BTreeMap<String, PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if found.len() >= FILES_MAX {
            return;
        }
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, found);
            }
            continue;
        }
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if [".ttf", ".otf", ".ttc"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            found.entry(name).or_insert(path);
        }
    }
}

/// Where systems keep fonts; a person's own come first.
fn folders() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut folders = Vec::new();
    if let Some(home) = variable("XDG_DATA_HOME") {
        folders.push(PathBuf::from(home).join("fonts"));
    }
    if let Some(home) = variable("HOME").map(PathBuf::from) {
        for own in [".local/share/fonts", ".fonts", "Library/Fonts"] {
            folders.push(home.join(own));
        }
    }
    if let Some(shared) = variable("XDG_DATA_DIRS") {
        folders.extend(std::env::split_paths(&shared).map(|folder| folder.join("fonts")));
    }
    if let Some(windows) = variable("WINDIR") {
        folders.push(PathBuf::from(windows).join("Fonts"));
    }
    for shared in [
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/run/current-system/sw/share/X11/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
    ] {
        folders.push(PathBuf::from(shared));
    }
    folders
}
