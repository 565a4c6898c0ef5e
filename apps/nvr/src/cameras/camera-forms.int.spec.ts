import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CameraView } from '@nightjar/contracts';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://demo:s3cret@127.0.0.1:18554/camera' });
});
afterAll(() => nvr.stop());

const send: TestNvr['send'] = (method, pathname, body) => nvr.send(method, pathname, body);
async function create(fields: object): Promise<CameraView> {
  const { body, status } = await send('POST', '/api/v1/cameras?force=true', fields);
  expect([body, status]).toEqual([body, 200]);
  return body as CameraView;
}
const rowOf = (id: number) => nvr.database.camera.findUniqueOrThrow({ where: { id } });
const emptyTexts = {
  ...{ description: '', username: '', password: '', location: '', manufacturer: '', model: '', vlan: '', firmware_version: '' },
  ...{ serial_number: '', hardware_id: '', substream_url: '', onvif_url: '', onvif_profile: '', ip_address: '' },
};

describe('a camera that is sent back as it was read', () => {
  it('is taken, and nothing of it changes', async () => {
    const filled = {
      ...{ name: 'Yard', rtsp_url: 'rtsp://ada:pass@10.2.0.1/a', substream_url: 'rtsp://10.2.0.1/b', onvif_url: 'http://10.2.0.1/onvif' },
      ...{ location: 'north', description: 'by the gate', assignments: [{ skill: 'loitering', labels: ['person'] }], is_active: false },
    };
    // Of the last one the address is that of another camera already; the demo camera's is one that no other may have.
    const ids = [await create(filled), await create({ name: 'Name', rtsp_url: 'rtsp://cam.lan/a' }), await create(filled)].map(
      ({ id }) => id,
    );
    for (const id of [1, ...ids]) {
      const before = await rowOf(id);
      const { body: read } = await send('GET', `/api/v1/cameras/${id}`);
      expect(await send('PUT', `/api/v1/cameras/${id}`, read)).toMatchObject({
        status: 200,
        body: { ...(read as CameraView), updated_at: expect.any(String) },
      });
      expect(await rowOf(id)).toEqual({ ...before, updatedAt: expect.any(Date) });
    }
  });

  it('changes in what was changed in it, which is what the audit log says', async () => {
    const { id } = await create({ name: 'Shed', rtsp_url: 'rtsp://ada:pass@10.2.0.2/a', location: 'north' });
    const { body: read } = await send('GET', `/api/v1/cameras/${id}`);
    const changed = { ...(read as CameraView), location: 'south', port: 9_554 };
    // Where the URL stands too, it counts.
    expect(await send('PUT', `/api/v1/cameras/${id}`, changed)).toMatchObject({ status: 200, body: { location: 'south', port: 554 } });
    const { body: log } = await send('GET', '/api/v1/audit-logs?action=camera.changed&limit=1');
    expect(log).toMatchObject({ logs: [{ action: 'camera.changed', details: { name: 'Shed', fields: ['location'] } }] });
  });

  it('sets nothing that is not a setting, whatever its type (mass assignment)', async () => {
    const { id } = await create({ name: 'Hall', rtsp_url: 'rtsp://10.2.0.3/a' });
    const before = await rowOf(id);
    for (const odd of [999_999, '7', 'exec:id', true, null, ['exec:id'], { set: 7, url: 'exec:id' }]) {
      const names = ['id', 'uuid', 'owner_id', 'ownerId', 'frames_name', 'framesName', 'status', 'created_at', 'deleted_at', 'deletedAt'];
      const more = ['erased_at', 'is_demo', 'isDemo', 'encrypted_password', 'encryptedPassword', 'rtspUrl', 'url', 'source', 'constructor'];
      const extra = Object.fromEntries([...names, ...more].map((name) => [name, odd]));
      expect([odd, (await send('PUT', `/api/v1/cameras/${id}`, extra)).status]).toEqual([odd, 200]);
      expect(await rowOf(id)).toEqual({ ...before, updatedAt: expect.any(Date) });
      const { frames_name: _chosen, ...others } = extra;
      const made = await create({ ...others, name: 'Made', rtsp_url: 'rtsp://10.2.0.4/a' });
      expect(await rowOf(made.id)).toMatchObject({
        ...{ ownerId: 1, framesName: `camera_${made.id}`, isDemo: false, encryptedPassword: null, deletedAt: null, erasedAt: null },
        rtspUrl: 'rtsp://10.2.0.4/a',
      });
      expect(made.id).not.toBe(999_999);
    }
  });
});

describe('empty texts of a form', () => {
  it('say nothing of a new camera: credentials in its URL count', async () => {
    const { id } = await create({ ...emptyTexts, name: 'Form', rtsp_url: 'rtsp://ada:pass@10.2.0.5/a' });
    expect(await rowOf(id)).toMatchObject({
      ...{ username: 'ada', location: null, description: null, substreamUrl: null, onvifUrl: null, vlan: null },
      encryptedPassword: expect.any(Uint8Array),
    });
    expect(await rowOf((await create({ ...emptyTexts, name: 'Open', rtsp_url: 'rtsp://10.2.0.6/a' })).id)).toMatchObject({
      ...{ username: null, encryptedPassword: null },
    });
  });

  it('take away what was there, but for the password, which forms do not know, and for what a camera must have', async () => {
    const { id } = await create({
      ...{ name: 'Full', rtsp_url: 'rtsp://ada:pass@10.2.0.7/a', substream_url: 'rtsp://10.2.0.7/b', location: 'north', model: 'Eye 3' },
    });
    const { encryptedPassword } = await rowOf(id);
    expect(await send('PUT', `/api/v1/cameras/${id}`, { ...emptyTexts, username: 'ada' })).toMatchObject({
      status: 200,
      body: { location: null, model: null, substream_url: null, username: 'ada', ip_address: '10.2.0.7' },
    });
    expect((await rowOf(id)).encryptedPassword).toEqual(encryptedPassword);
    expect((await send('PUT', `/api/v1/cameras/${id}`, { password: null })).status).toBe(200);
    expect((await rowOf(id)).encryptedPassword).toBeNull();
    for (const needed of [{ name: '' }, { name: '  ' }, { rtsp_url: '' }])
      expect([needed, (await send('PUT', `/api/v1/cameras/${id}`, needed)).status]).toEqual([needed, 422]);
  });

  it('are no password that goes to another host', async () => {
    const { id } = await create({ name: 'Safe', rtsp_url: 'rtsp://ada:pass@10.2.0.8/a' });
    expect(await send('PUT', `/api/v1/cameras/${id}`, { rtsp_url: 'rtsp://10.2.0.9/a', password: '' })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'password'] }] },
    });
  });
});
