# The same key for each try of the same order: whatever was lost on the way, it is done once.
curl -s --retry 5 --retry-all-errors --max-time 20 "$BILLFOLD_URL/v1/checkout/sessions" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: order-1190" -H "Content-Type: application/json" \
  -d '{"amount": {"amount": "450", "currency": "EUR"}, "return_url": "https://shop.example/thanks"}'
