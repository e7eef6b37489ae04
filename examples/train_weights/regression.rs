//! Logistic regression with L2 regularisation, by stochastic gradient descent with a step of its own for each weight
//! (`AdaGrad`, Duchi et al. 2011), always in the same order.

/// What is learned from.
pub(crate) struct Example {
    /// Number of each feature, and how much of it there is.
    pub(crate) features: Vec<(u32, f32)>,
    /// What speaks for it already, in logits.
    pub(crate) offset: f64,
    /// Whether it is one.
    pub(crate) truth: bool,
}

/// Weights by feature.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    /// What is there always.
    pub(crate) intercept: f64,
    /// By the feature's number.
    pub(crate) of: Vec<f64>,
}

impl Weights {
    /// The logit of an example, without its offset.
    pub(crate) fn logit(&self, features: &[(u32, f32)]) -> f64 {
        let sum: f64 = features
            .iter()
            .map(|&(feature, much)| self.of[feature as usize] * f64::from(much))
            .sum();
        self.intercept + sum
    }
}

const EPOCHS: usize = 12;
const RATE: f64 = 0.5;

/// Learns the weights of so many features. `cost` is that of errors against that of large weights, as `C` of LIBLINEAR.
pub(crate) fn learn(examples: &[Example], features: usize, cost: f64) -> Weights {
    let mut often = vec![0u32; features];
    for (feature, _) in examples.iter().flat_map(|e| &e.features) {
        often[*feature as usize] += 1;
    }
    // The penalty is paid in shares, one whenever a weight is touched.
    let share: Vec<f64> = often
        .iter()
        .map(|&n| 1.0 / (cost * f64::from(n.max(1))))
        .collect();
    let mut weights = Weights {
        intercept: 0.0,
        of: vec![0.0; features],
    };
    let mut squares = vec![1e-6; features];
    let mut square = 1e-6;
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut dice = Dice::default();
    for _ in 0..EPOCHS {
        dice.shuffle(&mut order);
        for &number in &order {
            let example = &examples[number];
            let said = example.offset + weights.logit(&example.features);
            let error = f64::from(u8::from(example.truth)) - 1.0 / (1.0 + (-said).exp());
            for &(feature, much) in &example.features {
                let at = feature as usize;
                let slope = error * f64::from(much) - share[at] * weights.of[at];
                squares[at] += slope * slope;
                weights.of[at] += RATE * slope / squares[at].sqrt();
            }
            square += error * error;
            weights.intercept += RATE * error / square.sqrt();
        }
    }
    weights
}

/// Chance that is the same in every run (xorshift64, Marsaglia 2003).
pub(crate) struct Dice(u64);

impl Default for Dice {
    fn default() -> Self {
        Self(0x2545_F491_4F6C_DD1D)
    }
}

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below the given one, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("fits")
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at + 1);
            items.swap(at, other);
        }
    }
}
