import { createHash } from 'node:crypto';

export interface OnvifCredentials {
  readonly username: string;
  readonly password: string;
}

const security = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

/** A SOAP message with this body, and who sends it (WS-Security UsernameToken with a digest): the password itself is never sent. */
export function soapMessage(body: string, sender?: { credentials: OnvifCredentials; nonce: Buffer; createdUnixMs: number }): string {
  const header = sender === undefined ? '' : `<s:Header>${securityHeader(sender)}</s:Header>`;
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;
}

function securityHeader({
  createdUnixMs,
  credentials,
  nonce,
}: {
  credentials: OnvifCredentials;
  nonce: Buffer;
  createdUnixMs: number;
}): string {
  const created = new Date(createdUnixMs).toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(credentials.password).digest('base64');
  return (
    `<w:Security xmlns:w="${security}-wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><w:UsernameToken>` +
    `<w:Username>${escapeXml(credentials.username)}</w:Username>` +
    `<w:Password Type="${security}-username-token-profile-1.0#PasswordDigest">${digest}</w:Password>` +
    `<w:Nonce EncodingType="${security}-soap-message-security-1.0#Base64Binary">${nonce.toString('base64')}</w:Nonce>` +
    `<u:Created xmlns:u="${security}-wssecurity-utility-1.0.xsd">${created}</u:Created></w:UsernameToken></w:Security>`
  );
}

/** Text for an element or a quoted attribute. */
export function escapeXml(text: string): string {
  return text.replace(/\p{Cc}/gu, '').replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
