// The pages work without this script. It makes them quicker to use, and keeps countdowns.
(() => {
  'use strict';

  // The browser's time zone, for the times on the next page.
  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !document.cookie.includes('hf_zone=' + encodeURIComponent(zone))) {
      document.cookie = 'hf_zone=' + encodeURIComponent(zone) + '; Path=/; Max-Age=31536000; SameSite=Lax';
    }
  } catch { /* times stay in the shop's zone */ }

  // On a phone the entry of the page that is shown may be outside of its row.
  document.querySelector('.rail [aria-current=page]')?.scrollIntoView({ inline: 'center', block: 'nearest' });

  // A choice that only changes what is shown needs no button.
  document.addEventListener('change', (e) => {
    const form = e.target.closest('form[data-auto]');
    if (!form) return;
    // The next page continues where this one was left.
    sessionStorage.setItem('hf_focus', JSON.stringify([location.pathname, e.target.name, e.target.type === 'checkbox' ? e.target.value : null]));
    form.requestSubmit();
  });
  const [path, name, value] = JSON.parse(sessionStorage.getItem('hf_focus') || '[]');
  sessionStorage.removeItem('hf_focus');
  if (path === location.pathname && name) {
    [...document.getElementsByName(name)].find((c) => value === null || c.value === value)?.focus({ preventScroll: true });
  }

  // A second press of a button does nothing while the first one is under way.
  document.addEventListener('submit', (e) => {
    const form = e.target;
    if (form.method !== 'post' || e.defaultPrevented) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = '1';
    const button = e.submitter;
    setTimeout(() => {
      for (const b of form.querySelectorAll('button')) b.setAttribute('aria-disabled', 'true');
      if (button?.dataset.busy) button.textContent = button.dataset.busy;
    });
  });
  // The back button brings pages back as they were left.
  addEventListener('pageshow', (e) => {
    if (!e.persisted) return;
    if (document.querySelector('[data-fresh]')) { location.reload(); return; }
    for (const f of document.querySelectorAll('form[data-sent]')) {
      delete f.dataset.sent;
      for (const b of f.querySelectorAll('button')) b.removeAttribute('aria-disabled');
    }
  });

  // <count-down until="RFC 3339" now="RFC 3339">: the server's clock counts, not the browser's.
  customElements.define('count-down', class extends HTMLElement {
    static observedAttributes = ['until', 'now'];
    connectedCallback() { this.start(); }
    disconnectedCallback() { clearInterval(this.timer); }
    attributeChangedCallback() { if (this.isConnected) this.start(); }
    start() {
      clearInterval(this.timer);
      const now = Date.parse(this.getAttribute('now'));
      this.offset = Number.isNaN(now) ? 0 : now - Date.now();
      this.until = Date.parse(this.getAttribute('until'));
      if (Number.isNaN(this.until)) return;
      this.minute = null;
      this.timer = setInterval(() => this.tick(), 250);
      this.tick();
    }
    tick() {
      const left = Math.max(0, Math.ceil((this.until - Date.now() - this.offset) / 1000));
      const face = this.querySelector('[data-face]');
      const text = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
      if (face && face.textContent !== text) face.textContent = text;
      const bar = this.querySelector('progress');
      if (bar) bar.value = Math.min(bar.max, left);
      // Screen readers hear the time once a minute, not every second.
      const spoken = this.querySelector('[data-spoken]');
      const minutes = Math.ceil(left / 60);
      if (spoken && minutes !== this.minute) {
        this.minute = minutes;
        spoken.textContent = (spoken.dataset[left === 0 ? 'over' : minutes === 1 ? 'one' : 'other'] || '').replace('{n}', minutes);
      }
      this.classList.toggle('soon', left > 0 && left <= 120);
      if (left === 0) {
        clearInterval(this.timer);
        this.dispatchEvent(new CustomEvent('countdown:over', { bubbles: true }));
      }
    }
  });

  // An order that was decided gets a new page: it also leaves the basket.
  document.addEventListener('decided', () => location.reload());
  // The session has ended: the page says so.
  document.addEventListener('ended', () => location.reload());
  document.addEventListener('htmx:after:swap', () => {
    if (document.querySelector('[data-reload]')) location.reload();
  });

  // A page that follows something changes by itself, but not under a form that is being filled in: then it
  // says that there is news, and waits until the form is closed.
  let heldBack = null, hadFocus = null, spokenAt = 0, speaking;
  const filling = (page) => page.querySelector('details.act[open]');
  const holdBack = (context) => {
    heldBack = context;
    const note = document.querySelector('[data-held-back]');
    if (note) note.hidden = !context;
  };
  document.addEventListener('htmx:before:swap', (e) => {
    const page = e.target.closest?.('[data-live]');
    if (!page) return;
    if (filling(page)) {
      e.preventDefault();
      holdBack(e.detail.ctx);
      return;
    }
    holdBack(null);
    // What the reader opened stays open, and the focus stays where it is.
    for (const open of page.querySelectorAll('details[id][open]')) {
      for (const t of e.detail.tasks) t.fragment?.querySelector?.('#' + CSS.escape(open.id))?.setAttribute('open', '');
    }
    hadFocus = page.contains(document.activeElement) ? document.activeElement : null;
  });
  document.addEventListener('htmx:after:swap', (e) => {
    const page = e.target.closest?.('[data-live]');
    if (!page) return;
    if (hadFocus && !hadFocus.isConnected && !page.contains(document.activeElement)) page.focus({ preventScroll: true });
    // Screen readers hear what happened last, once a minute at most.
    const news = page.querySelector('[data-news]')?.dataset.news;
    const voice = document.querySelector('[data-spoken-news]');
    if (!news || !voice || voice.dataset.heard === news) return;
    voice.dataset.heard = news;
    clearTimeout(speaking);
    speaking = setTimeout(() => { spokenAt = Date.now(); voice.textContent = news; }, Math.max(0, spokenAt + 60000 - Date.now()));
  });
  document.addEventListener('toggle', (e) => {
    const page = e.target.closest?.('[data-live]');
    if (heldBack && page && !filling(page)) htmx.swap(heldBack);
  }, true);

  // Suggestions: arrow keys move through them, Escape closes them.
  document.addEventListener('keydown', (e) => {
    const box = e.target.closest?.('[data-suggest]');
    if (!box) return;
    const links = [...box.querySelectorAll('.suggestions a')];
    const at = links.indexOf(document.activeElement);
    if (e.key === 'Escape') {
      box.querySelector('.suggestions')?.replaceChildren();
      box.querySelector('input')?.focus();
    } else if (e.key === 'ArrowDown' && links.length) {
      e.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (e.key === 'ArrowUp' && at >= 0) {
      e.preventDefault();
      (at === 0 ? box.querySelector('input') : links[at - 1]).focus();
    }
  });
  document.addEventListener('click', (e) => {
    for (const box of document.querySelectorAll('[data-suggest]')) {
      if (!box.contains(e.target)) box.querySelector('.suggestions')?.replaceChildren();
    }
  });

  // A page that waits for the service comes back by itself, without losing the reader's place.
  const again = document.querySelector('[data-again]');
  if (again) setTimeout(() => (again.tagName === 'FORM' ? again.requestSubmit() : location.reload()), Number(again.dataset.again) * 1000);
})();
