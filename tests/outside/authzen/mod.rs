//! `/access/v1` as a policy enforcement point uses it: the certification scenario of the `AuthZEN` working group, and questions about
//! people.

mod persons;
mod scenario;
