// A stand-in for Stripe's script, as far as the page uses it: fields in a frame, and calls of the API.
window.Stripe = (key) => {
  const call = async (method, path, secret) => {
    const body = new URLSearchParams({ key, client_secret: secret });
    const at = 'https://api.stripe.com/v1/payment_intents/' + secret.split('_secret_')[0] + path;
    const answer = await (method === 'GET' ? fetch(at + '?' + body) : fetch(at, { method, body })).then((r) => r.json());
    return answer.error ? { error: answer.error } : { paymentIntent: answer };
  };
  return {
    retrievePaymentIntent: (secret) => call('GET', '', secret),
    elements: ({ clientSecret, locale, appearance }) => ({
      clientSecret,
      create() {
        const heard = {};
        return {
          on(event, tell) { heard[event] = tell; },
          mount(place) {
            const frame = document.createElement('iframe');
            frame.src = 'https://js.stripe.com/fields.html?locale=' + locale + '&theme=' + appearance.theme;
            frame.title = 'Card';
            frame.style.setProperty('width', '100%', 'important'); // as Stripe's script styles its frames
            frame.onload = () => heard.ready();
            place.append(frame);
          },
        };
      },
    }),
    async confirmPayment({ elements, confirmParams, redirect }) {
      if (redirect !== 'if_required' || !confirmParams.return_url.startsWith(location.origin + '/orders/')) {
        throw new Error('no way back');
      }
      return call('POST', '/confirm', elements.clientSecret);
    },
  };
};
