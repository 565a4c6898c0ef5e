/**
 * Where pictures go to be looked at: adapters of this installation, in private networks. There is no other way yet, so it is no setting;
 * clients of OpenNVR read it at two routes.
 */
export const aiSovereignty = 'local_only';

/** How this installation stands towards the world: there is no cloud, and no RTSP is sent out. */
export const posture = { deployment_mode: 'offline', ai_sovereignty: aiSovereignty, mediamtx_allow_plaintext_outputs: false } as const;
