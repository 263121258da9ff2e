"""A believable population and what its households declare, with planted errors whose truth is kept aside."""
