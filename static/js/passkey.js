/* Passkeys: asks the server for a challenge, the device for an answer, and sends the form with it. */
(() => {
  "use strict";
  const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // The server writes bytes as text; the browser wants bytes.
  const understood = ({ publicKey }) => {
    const known = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));
    const options = { ...publicKey, challenge: toBytes(publicKey.challenge) };
    if (publicKey.user) options.user = { ...publicKey.user, id: toBytes(publicKey.user.id) };
    if (publicKey.excludeCredentials) options.excludeCredentials = known(publicKey.excludeCredentials);
    if (publicKey.allowCredentials) options.allowCredentials = known(publicKey.allowCredentials);
    return { publicKey: options };
  };
  const written = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = toText(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    });
  };

  const press = async (place) => {
    const form = place.closest("form"), note = place.querySelector("[data-passkey-note]");
    const button = place.querySelector("[data-passkey-button]");
    button.disabled = true;
    note.textContent = "";
    try {
      const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
      const answer = await fetch(place.dataset.challenge, { method: "POST", body, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const credential = await navigator.credentials[place.dataset.passkey](understood(await answer.json()));
      place.querySelector("[data-passkey-answer]").value = written(credential);
      form.submit();
    } catch (error) {
      const said = { SecurityError: "elsewhere", InvalidStateError: "known" }[error.name];
      note.textContent = note.dataset[said] ?? note.dataset.failed;
      button.disabled = false;
    }
  };

  document.querySelectorAll("[data-passkey]").forEach((place) => {
    if (!window.PublicKeyCredential) return;
    place.querySelector("[data-passkey-missing]").hidden = true;
    const button = place.querySelector("[data-passkey-button]");
    button.hidden = false;
    button.addEventListener("click", () => press(place));
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("[data-passkey-button]").forEach((button) => { button.disabled = false; });
  });
})();
