# The session as it is now. Ship when its state is "complete", not when the payer comes back.
SESSION=$(curl -s "$BILLFOLD_URL/v1/checkout/sessions?limit=1" -u "$BILLFOLD_KEY:" |
  grep -o 'chk_[0-9a-z]*' | head -n 1)
curl -s "$BILLFOLD_URL/v1/checkout/sessions/$SESSION" -u "$BILLFOLD_KEY:"
