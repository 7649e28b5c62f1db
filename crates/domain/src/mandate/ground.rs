//! Why somebody did something to a power of attorney: closed lists. Nobody has to say why; whoever does helps those who come after.

use serde::{Deserialize, Serialize};

macro_rules! grounds {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// Every ground.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

grounds! {
    /// Why a grantor takes a power back.
    #[derive(Default)]
    RevocationGround {
        /// They did not say.
        #[default]
        NotStated = "not_stated",
        /// What it was for is done.
        NoLongerNeeded = "no_longer_needed",
        /// Somebody else helps now.
        AnotherHelps = "another_helps",
        /// It covered more, or something else, than they meant.
        Mistake = "mistake",
        /// The two no longer have to do with each other.
        RelationEnded = "relation_ended",
        /// They no longer trust the representative.
        TrustLost = "trust_lost",
        /// It was used for something that they did not want.
        Misuse = "misuse",
        /// They were pressed to give it.
        Pressured = "pressured",
    }
}

grounds! {
    /// Why a representative gives a power up.
    #[derive(Default)]
    RenunciationGround {
        /// They did not say.
        #[default]
        NotStated = "not_stated",
        /// What it was for is done.
        NoLongerNeeded = "no_longer_needed",
        /// They never wanted it.
        NotWanted = "not_wanted",
        /// They cannot do it any more.
        Unable = "unable",
        /// The two no longer have to do with each other.
        RelationEnded = "relation_ended",
        /// They could not act for the person and be true to others.
        Conflict = "conflict",
    }
}

grounds! {
    /// Why a grantor lets a power rest.
    #[derive(Default)]
    SuspensionGround {
        /// They did not say.
        #[default]
        NotStated = "not_stated",
        /// They do it themselves for a time.
        Myself = "myself",
        /// They want to think about it.
        Unsure = "unsure",
        /// They fear that it is being used for something that they do not want.
        SuspectedMisuse = "suspected_misuse",
    }
}

grounds! {
    /// Why a power is disputed, so that nobody uses it until that is settled.
    DisputeGround {
        /// The grantor says that they did not give it.
        NotGiven = "not_given",
        /// There is doubt whether the grantor could understand what they gave.
        Capacity = "capacity",
        /// There are signs that the grantor was pressed.
        Pressured = "pressured",
        /// There are signs that it is misused.
        Misuse = "misuse",
        /// Those who are close to the grantor do not agree about it.
        Disagreement = "disagreement",
    }
}
