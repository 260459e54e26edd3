//! Pages as text: what they hold, and that they ask for nothing.

use super::*;
use crate::cpu::Cpu;
use crate::data::{ScalingKind, Values};
use crate::net::{Activation, Network};

fn explorer(shape: &[usize], latent: usize, samples: usize, points: usize) -> Result<Explorer> {
    let network = Network::mlp(shape, &[6], latent, Activation::Tanh, Activation::Linear)?;
    let n = network.features();
    let values = (0..samples * n).map(|i| (i as f32 * 0.7).sin()).collect();
    let data = Dataset {
        samples,
        shape: shape.to_vec(),
        values: Values::Floats(values),
        labels: Some((0..samples as u32).map(|i| i % 3).collect()),
        parameter: None,
    };
    let scaling = crate::data::Scaling::fit(ScalingKind::None, &data);
    let inputs = ExplorerInputs {
        title: "AE on <b>odd</b> & co",
        model: &Model::new(network, scaling, 1),
        data: &data,
        classes: &["</script>".into(), "b".into()],
        columns: &[],
        points,
        field: 4,
    };
    Explorer::new(inputs, &Cpu)
}

/// What stands in the element of the data.
fn header(html: &str) -> serde_json::Value {
    let (_, after) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_page_holds_codes_samples_weights_and_fields() {
    for (shape, latent) in [
        (&[9][..], 2),
        (&[1, 6, 5], 3),
        (&[5, 4, 4], 2),
        (&[2, 1, 8], 1),
        (&[40], 25),
    ] {
        let page = explorer(shape, latent, 50, 20).unwrap();
        let told = header(&page.html);
        assert_eq!((page.points, page.samples), (20, 20));
        assert_eq!(
            (&told["points"], &told["of"], &told["latent"]),
            (&20.into(), &50.into(), &latent.into())
        );
        let bytes = |text: &serde_json::Value| text.as_str().unwrap().len() / 4 * 3;
        assert!(bytes(&told["codes"]).abs_diff(20 * latent * 4) <= 2);
        assert_eq!(told["layers"].as_array().unwrap().len(), 3);
        assert_eq!(
            told["samples"]["picture"].is_string(),
            shape.len() == 3 && shape[1] > 1
        );
        assert_eq!(told["field"].is_object(), latent > 1);
        assert_eq!(
            told["field"]["curvature"].is_string(),
            (2..=20).contains(&latent)
        );
        assert_eq!(told["principal"].is_array(), latent > 2);
        assert_eq!(told["colours"]["classes"][2], "2");
    }
}

#[test]
fn nothing_in_a_page_ends_its_scripts_or_reaches_a_network() {
    let page = explorer(&[1, 6, 6], 2, 30, 100).unwrap();
    assert!(
        page.html
            .contains("<title>AE on &lt;b&gt;odd&lt;/b&gt; &amp; co</title>")
    );
    assert_eq!(page.html.matches("</script>").count(), 2);
    assert!(page.html.contains("default-src 'none'") && !page.html.contains("{{"));
    for word in [
        "http:",
        "https:",
        "fetch(",
        "XMLHttpRequest",
        "import(",
        "WebSocket",
    ] {
        assert!(!page.html.contains(word), "{word}");
    }
}

#[test]
fn no_points_and_collapsed_codes() {
    let none = explorer(&[4], 2, 5, 0).unwrap_err().to_string();
    assert!(none.contains("--points"), "{none}");
    // One sample: its latents span no plane.
    let single = explorer(&[4], 2, 1, 10).unwrap();
    assert_eq!((single.points, single.field), (1, None));
}
