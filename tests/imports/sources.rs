//! Determines from the text of the sources what each file imports.

use crate::support::sources::sources;
use std::collections::{BTreeMap, BTreeSet};

/// The code without comments, strings and tests.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            continue;
        }
        // A test item: up to the line that closes it, at the same indentation.
        if trimmed.starts_with("#[cfg(test)]") || trimmed.starts_with("#[cfg(all(loom, test))]") {
            let indentation = line.len() - trimmed.len();
            for line in lines.by_ref() {
                let is_end = line.len() - line.trim_start().len() == indentation
                    && (line.ends_with('}') || line.ends_with(';') || line.ends_with(','));
                if is_end && !line.trim_start().starts_with("#[") {
                    break;
                }
            }
            continue;
        }
        code.push_str(line.split(" // ").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// All paths of `use` trees, and of expressions that begin with `crate`, `super` or `self`. Braces are expanded, and `*` is
/// dropped. Each path comes with the name that it introduces.
fn paths(code: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("::") {
        let before = code[..at].trim_end();
        let begin = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        let root = &before[begin..];
        // `pub(in crate::x)` is a visibility, not an import.
        let is_path = !before[..begin].ends_with("::") && !before[..begin].ends_with("(in ");
        if matches!(root, "crate" | "super" | "self") && is_path {
            expand(&[root.to_owned()], &code[at + 2..], &mut found);
        }
    }
    // Names of child modules and of imported items, as in `use codes::X;` of a mod.rs.
    for (at, _) in code.match_indices("use ") {
        let rest = code[at + 4..].trim_start();
        let is_item = code[..at].ends_with(['\n', ' ', ')']) || at == 0;
        if is_item && !["crate", "super", "self", "std", "core"].iter().any(|root| rest.starts_with(root)) {
            expand(&["self".to_owned()], rest, &mut found);
        }
    }
    found
}

fn expand(before: &[String], rest: &str, found: &mut Vec<(Vec<String>, String)>) {
    let rest = rest.trim_start();
    if let Some(list) = rest.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    let item = list[start..i].trim();
                    if !item.is_empty() {
                        expand(before, &format!("{item};"), found);
                    }
                    start = i + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        found.push((before.to_vec(), "*".to_owned()));
        return;
    }
    let mut path = before.to_vec();
    // `use x::{self, Y}` introduces x.
    if name != "self" || path.is_empty() {
        path.push(name.clone());
    }
    let after = rest[name.len()..].trim_start();
    match after.strip_prefix("::") {
        Some(rest) => expand(&path, rest, found),
        None => {
            let renamed = after.strip_prefix("as ").map(|rest| {
                rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
            });
            found.push((path, renamed.unwrap_or(name)));
        }
    }
}

/// The sources: for each module, by its path from the crate's root, the file and its code.
pub(crate) struct Sources {
    pub(crate) modules: BTreeMap<Vec<String>, (String, String)>,
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| {
        let part = part.trim_end_matches(".rs");
        part == "tests" || part.ends_with("_tests") || part == "simulated" || part == "format_example"
    })
}

impl Sources {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut modules = BTreeMap::new();
        for (path, text) in files.iter().filter(|(path, _)| !is_test(path)) {
            let mut module: Vec<String> =
                path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            if module.last().is_some_and(|last| last == "mod" || last == "lib") {
                module.pop();
            }
            modules.insert(module, ((*path).to_owned(), code_of(text)));
        }
        Self { modules }
    }

    pub(crate) fn read() -> Self {
        let files = sources();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        Self::of(&files)
    }

    /// The module that a path leads to: the one that defines the item.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let mut at: Vec<String> = match path.first()?.as_str() {
            "crate" => Vec::new(),
            _ => from.to_vec(),
        };
        for (i, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" | "self" => continue,
                "super" => {
                    at.pop();
                    continue;
                }
                _ => {}
            }
            let mut child = at.clone();
            child.push(part.clone());
            if self.modules.contains_key(&child) {
                at = child;
                continue;
            }
            // An item of this module; a re-export is followed.
            let (file, code) = self.modules.get(&at)?;
            if depth < 8 && (file.ends_with("/mod.rs") || file == "lib.rs") {
                for (imported, name) in paths(code) {
                    if name == *part && imported.len() > 1 {
                        let mut whole = imported;
                        whole.extend_from_slice(&path[i + 1..]);
                        return self.resolve(&at, &whole, depth + 1);
                    }
                }
            }
            break;
        }
        Some(at)
    }

    /// The files that each file imports from, `mod.rs` files excluded.
    pub(crate) fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, (file, code)) in &self.modules {
            let of_file = imports.entry(file).or_default();
            for (path, _) in paths(code) {
                let Some((to, _)) = self.resolve(module, &path, 0).and_then(|to| self.modules.get(&to))
                else {
                    continue;
                };
                if to != file {
                    of_file.insert(to);
                }
            }
        }
        imports
    }
}
