//! The fenced blocks of a Markdown document.

/// A fenced block.
pub struct Block {
    /// The text after the opening fence.
    pub language: String,
    /// The line number of the opening fence.
    pub line_number: usize,
    /// The content.
    pub text: String,
}

/// All fenced blocks, in order.
///
/// # Panics
/// If the last block is not closed.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in markdown.lines().enumerate() {
        match (open.take(), line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.trim().to_owned(),
                    line_number: index + 1,
                    text: String::new(),
                });
            }
            (None, None) => {}
            (Some(block), Some(_)) => blocks.push(block),
            (Some(mut block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
        }
    }
    assert!(open.is_none(), "a fenced block has no end");
    blocks
}
