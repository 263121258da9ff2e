"""The digital civil and social identifier (IDCS): its check digit, how it is read where people type it, and issuing."""
