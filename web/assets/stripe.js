// The page on which an order is paid with Stripe's script, see https://docs.stripe.com/js.
(() => {
  'use strict';

  customElements.define('stripe-payment', class extends HTMLElement {
    connectedCallback() {
      this.form = this.querySelector('form');
      this.button = this.form.querySelector('button');
      this.wait = this.querySelector('[data-wait]');
      this.words = this.button.textContent;
      this.addEventListener('countdown:over', () => this.over());
      this.form.addEventListener('submit', (e) => {
        e.preventDefault();
        this.pay();
      });
      const clock = this.querySelector('count-down');
      if (clock.until - clock.offset <= Date.now()) { // it was over before this script was here
        this.over();
        return;
      }
      this.wait.hidden = false;
      this.open();
    }

    async open() {
      try {
        this.stripe = window.Stripe(this.dataset.key);
        const { paymentIntent } = await this.stripe.retrievePaymentIntent(this.dataset.secret);
        if (this.leaves(paymentIntent) || this.ended) return;
        this.elements = this.stripe.elements({
          clientSecret: this.dataset.secret,
          locale: this.dataset.lang,
          appearance: { theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'night' : 'stripe' },
        });
        const fields = this.elements.create('payment');
        fields.on('ready', () => {
          this.wait.hidden = true;
          this.ready = true;
          this.show(false);
        });
        fields.on('loaderror', (e) => this.broken(e.error?.message));
        this.form.hidden = false; // Stripe measures where its fields go
        fields.mount(this.querySelector('[data-fields]'));
      } catch {
        this.broken();
      }
    }

    async pay() {
      if (!this.ready || this.busy || this.ended) return;
      this.busy = true;
      this.say('');
      this.show(true);
      let error;
      try {
        ({ error } = await this.stripe.confirmPayment({
          elements: this.elements,
          // Ways of paying that leave the page come back there. Others stay, so that the client secret is
          // in no address.
          confirmParams: { return_url: new URL(this.dataset.order, location.href).href },
          redirect: 'if_required',
        }));
      } catch {
        error = { message: this.dataset.unknown }; // it may have arrived
      }
      if (!error) {
        location.replace(this.dataset.order);
        return;
      }
      if (this.leaves(error.payment_intent)) return;
      this.busy = false;
      if (this.late) {
        this.over();
        return;
      }
      this.show(false);
      this.say(error.message || this.dataset.unknown);
      if (error.payment_intent?.status === 'canceled') location.reload(); // another tab opened it anew
    }

    // leaves goes back to an order whose payment was made, in another tab for example.
    leaves(payment) {
      if (!['succeeded', 'processing'].includes(payment?.status)) return false;
      location.replace(this.dataset.order);
      return true;
    }

    // over takes the form away, but not while a payment is under way.
    over() {
      this.late = true;
      if (this.busy) return;
      this.ended = true;
      this.form.remove();
      this.wait.hidden = true;
      this.say(this.dataset.over);
    }

    broken(words) {
      if (this.ended) return;
      this.form.hidden = true;
      this.wait.hidden = true;
      this.say(words || this.dataset.unreachable);
    }

    say(words) {
      const said = this.querySelector('[data-said]');
      said.textContent = words;
      said.hidden = !words;
    }

    show(busy) {
      this.button.textContent = busy ? this.button.dataset.busy : this.words;
      this.button.setAttribute('aria-disabled', String(busy));
    }
  });
})();
