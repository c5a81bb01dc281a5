# The shop asks for a payment that it captures later; Lena confirms it, and 48.50 is held.
PAYMENT=$(curl -s "$BILLFOLD_URL/v1/payments" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: $(date +%s)-hold" -H "Content-Type: application/json" \
  -d '{"amount": {"amount": "4850", "currency": "EUR"}, "capture": "manual", "hold_seconds": 86400}' |
  grep -o 'pay_[0-9a-z]*' | head -n 1)
curl -s -X POST "$BILLFOLD_URL/v1/payments/$PAYMENT/confirm" -u "$BILLFOLD_PAYER_KEY:" \
  -H "Idempotency-Key: $PAYMENT-yes" -o /dev/null

# Delivered, but for one thing: 40.00 is taken, 8.50 goes back to her at once.
curl -s "$BILLFOLD_URL/v1/payments/$PAYMENT/capture" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: $PAYMENT-capture" -H "Content-Type: application/json" \
  -d '{"amount": {"amount": "4000", "currency": "EUR"}}'
