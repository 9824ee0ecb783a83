"""Several engines for one session: how its users are split, what each engine streams to the lead, and how the lead keeps them."""
