//! How sure the body is: the agreement of the candidates with the choice, and how decided the chooser was.

use super::View;

/// 0 to 1.
pub fn of(view: &View<'_>, likely: &[f32], keep: &[bool]) -> f64 {
    let kept: Vec<f64> = weights(view, |i| keep[i]);
    let chosen: f64 = kept.iter().sum();
    if chosen == 0.0 {
        return 0.0;
    }
    let container = view.dom.subtree(view.candidates.container);
    let semantic = view.dom.subtree(view.candidates.semantic);
    let run = view.candidates.run.0..view.candidates.run.1;
    let mut agreements = vec![
        overlap(view, &kept, |i| container.contains(&view.blocks[i].node)),
        overlap(view, &kept, |i| run.contains(&i)),
    ];
    if view.candidates.semantic != 0 {
        agreements.push(overlap(view, &kept, |i| semantic.contains(&view.blocks[i].node)));
    }
    if view.article_body.is_some() {
        agreements.push(overlap(view, &kept, |i| view.candidates.in_json_ld[i] > 0.5));
    }
    let agreement = agreements.iter().sum::<f64>() / agreements.len() as f64;
    let decided: f64 = kept.iter().zip(likely).map(|(w, p)| w * f64::from(*p)).sum::<f64>() / chosen;
    let short = (chosen / 500.0).min(1.0).sqrt();
    (decided * (0.5 + 0.5 * agreement) * (0.5 + 0.5 * short)).clamp(0.0, 1.0)
}

/// The blocks' characters, 0 where not chosen.
fn weights(view: &View<'_>, chosen: impl Fn(usize) -> bool) -> Vec<f64> {
    let weight = |i: usize| if chosen(i) { f64::from(view.blocks[i].chars) } else { 0.0 };
    (0..view.blocks.len()).map(weight).collect()
}

/// F1 of the choice and a candidate by characters.
fn overlap(view: &View<'_>, kept: &[f64], inside: impl Fn(usize) -> bool) -> f64 {
    let candidate = weights(view, inside);
    let both: f64 = kept.iter().zip(&candidate).map(|(a, b)| a.min(*b)).sum();
    let sum = kept.iter().sum::<f64>() + candidate.iter().sum::<f64>();
    if sum == 0.0 { 0.0 } else { 2.0 * both / sum }
}
