# In the sandbox we play the payer too: Lena pays 6.90 with her token.
PAYMENT=$(curl -s "$BILLFOLD_URL/v1/payments" -u "$BILLFOLD_PAYER_KEY:" \
  -H "Idempotency-Key: $(date +%s)-pay" -H "Content-Type: application/json" \
  -d '{"amount": {"amount": "690", "currency": "EUR"}, "payee": "@cafe_linden", "confirm": true}' |
  grep -o 'pay_[0-9a-z]*' | head -n 1)

# The shop gives 1.90 of it back. Without a body all that is left goes back.
curl -s "$BILLFOLD_URL/v1/payments/$PAYMENT/refund" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: $PAYMENT-croissant" -H "Content-Type: application/json" \
  -d '{"amount": {"amount": "190", "currency": "EUR"}, "reason": "No croissant"}'
