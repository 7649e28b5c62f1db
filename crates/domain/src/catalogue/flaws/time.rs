//! How long, for which case, and at which age.

use super::{
    super::{CaseBinding, ConsentType, LegalNature, ParentalRule},
    Flaw, longer,
};
use crate::{instant::CalendarPeriod, reason::Reason};

impl ConsentType {
    pub(super) fn untimely(&self, flaws: &mut Vec<Flaw>) {
        let d = &self.duration;
        if self.legal_nature == LegalNature::Health43
            && d.legal_cap.is_none_or(|cap| longer(cap, CalendarPeriod::months(12)))
        {
            // sundhedsloven section 44(2).
            flaws.push(Flaw::at("/duration/legal_cap", Reason::DraftLastsTooLong));
        }
        if let (Some(policy), Some(legal)) = (d.policy_cap, d.legal_cap)
            && longer(policy, legal)
        {
            flaws.push(Flaw::at("/duration/policy_cap", Reason::DraftLastsTooLong));
        }
        if [d.legal_cap, d.policy_cap].into_iter().flatten().any(|cap| longer(d.default, cap)) {
            flaws.push(Flaw::at("/duration/default", Reason::DraftLastsTooLong));
        }
        // what ends with a case has one.
        if d.ends_with_case && self.case_binding != CaseBinding::Required {
            flaws.push(Flaw::at("/duration/ends_with_case", Reason::DraftWithoutCase));
        }
        if !self.age_fits() {
            flaws.push(Flaw::at("/min_age", Reason::DraftAgeUnfit));
        }
        // from 15 the patient decides alone, and before that the custody holders do.
        if self.legal_nature == LegalNature::HealthTreatment
            && self.parental_rule != ParentalRule::ChildSelf15
        {
            flaws.push(Flaw::at("/parental_rule", Reason::DraftParentalRuleUnfit));
        }
    }

    /// nobody under 15 answers alone, nobody of age is asked to wait, and a patient of 15 is not kept out.
    fn age_fits(&self) -> bool {
        match self.legal_nature {
            LegalNature::HealthTreatment => self.min_age == 15,
            _ => (15..=18).contains(&self.min_age),
        }
    }
}
