# A link that is good for twelve payments of 15.00. Print its url as a code, or send it.
LINK=$(curl -s "$BILLFOLD_URL/v1/checkout/links" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: $(date +%s)-link" -H "Content-Type: application/json" \
  -d '{"title": "Yoga on Sundays", "amount": {"amount": "1500", "currency": "EUR"}, "uses": 12}' |
  grep -o 'lnk_[0-9a-z]*' | head -n 1)

# How often it was paid so far, and whether it still can be.
curl -s "$BILLFOLD_URL/v1/checkout/links/$LINK" -u "$BILLFOLD_KEY:"
