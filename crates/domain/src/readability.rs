//! How hard a text is to read.

/// Läsbarhetsindex (Björnsson) of texts together: words per sentence, and how many words of a hundred have more than six letters.
/// Below 30 is easy, above 45 is hard. Nothing at all is 0.
pub fn lix<'t>(texts: impl IntoIterator<Item = &'t str>) -> f64 {
    let (mut words, mut long, mut sentences) = (0_u32, 0_u32, 0_u32);
    for text in texts {
        let ends = text.chars().filter(|c| matches!(c, '.' | '?' | '!' | ':')).count();
        sentences += u32::try_from(ends.max(1)).unwrap_or(u32::MAX);
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            words += 1;
            long += u32::from(word.chars().count() > 6);
        }
    }
    if words == 0 {
        return 0.0;
    }
    f64::from(words) / f64::from(sentences) + 100.0 * f64::from(long) / f64::from(words)
}

#[cfg(test)]
mod tests {
    use super::lix;

    #[test]
    fn long_words_and_long_sentences_count() {
        assert!((lix(["Hej du der."]) - 3.0).abs() < 1e-9);
        assert!((lix(["En kommune. To kommuner."]) - 52.0).abs() < 1e-9);
        assert!(lix([]).abs() < 1e-9 && lix(["..."]).abs() < 1e-9);
    }
}
