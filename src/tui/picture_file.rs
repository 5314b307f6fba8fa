//! Pictures of the screen as files.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::command_line::{PictureFormat, ScreenshotOrder};
use super::draw;
use super::files::{FileWriter, Written, write_whole};
use super::model::Model;
use super::screen::{bar_controls, plain_text};
use super::screenshot::{self, Paper};
use super::theme::ThemeName;

/// Draws the picture that is asked for, and has it written.
///
/// # Errors
/// When the panel is not on the screen.
pub fn start(
    files: &mut FileWriter,
    model: &mut Model,
    order: ScreenshotOrder,
) -> Result<(), String> {
    let picture = picture(model, &order)?;
    // The ground that the theme is made for; what the terminal's is nobody can tell.
    let paper = match model.settings.theme {
        ThemeName::Light => Paper::LIGHT,
        _ => Paper::DARK,
    };
    files.start(move || write_file(&order, &picture, paper));
    Ok(())
}

/// The screen without the line that asked for the picture, or one panel of it.
fn picture(model: &mut Model, order: &ScreenshotOrder) -> Result<Buffer, String> {
    model.settle();
    let mut whole = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
    draw::draw(model, &mut whole);
    bar_controls(&mut whole);
    let Some(panel) = order.panel else {
        return Ok(whole);
    };
    let place = model
        .geometry
        .panels
        .iter()
        .find(|(id, _)| *id == panel)
        .map(|(_, place)| place.intersection(whole.area))
        .filter(|place| !place.is_empty())
        .ok_or_else(|| "that panel is not on the screen; show its view first".to_owned())?;
    let mut part = Buffer::empty(Rect::new(0, 0, place.width, place.height));
    for position in part.area.positions() {
        let from = (place.x + position.x, place.y + position.y);
        if let (Some(to), Some(from)) = (part.cell_mut(position), whole.cell(from)) {
            to.clone_from(from);
        }
    }
    Ok(part)
}

fn write_file(order: &ScreenshotOrder, picture: &Buffer, paper: Paper) -> Written {
    const TITLE: &str = "streamer-tui";
    let path = order.path.display();
    let content = match order.format {
        PictureFormat::Text => plain_text(picture).into_bytes(),
        PictureFormat::Svg => screenshot::to_svg(picture, TITLE, paper).into_bytes(),
        PictureFormat::Png => screenshot::to_png(picture, TITLE, paper)
            .map_err(|error| format!("cannot write {path}: {error}"))?,
    };
    write_whole(&order.path, order.overwrite, |out| out.write_all(&content))
        .map(|()| format!("written to {path}"))
        .map_err(|error| format!("cannot write {path}: {error}"))
}
