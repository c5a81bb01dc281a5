# Whoever opens it types the amount: 2.00 or more.
curl -s "$BILLFOLD_URL/v1/checkout/links" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: $(date +%s)-donate" -H "Content-Type: application/json" \
  -d '{"title": "Donate", "currency": "EUR", "least": {"amount": "200", "currency": "EUR"}}'
